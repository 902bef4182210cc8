import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript';

/** Runs in a process of its own, whose event loop can be blocked for real. */
async function linesOf(
  program: string,
  asModule = false,
): Promise<{ readonly msg: string; readonly blockedMs: number; readonly at: number }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'event-loop-'));
  try {
    const source = readFileSync(join(__dirname, '../../../src/runtime/support/event-loop-watch.ts'), 'utf8');
    const { outputText } = transpileModule(source, {
      compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
    });
    writeFileSync(join(folder, 'watch.js'), outputText);
    writeFileSync(join(folder, 'main.js'), `const { watchEventLoop } = require('./watch.js');\n${program}`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      asModule
        ? [
            '--input-type=module',
            '-e',
            `import { createRequire } from 'node:module'; createRequire(${JSON.stringify(join(folder, 'main.js'))})('./main.js');`,
          ]
        : [join(folder, 'main.js')],
    );
    return stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { msg: string; blockedMs: number; at: number });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('warns while the loop is blocked, before the block ends', async () => {
  const lines = await linesOf(`
    const watch = watchEventLoop({ warnAfterMs: 300 });
    setTimeout(() => {
      const end = Date.now() + 1_500;
      while (Date.now() < end);
      require('node:fs').writeSync(1, JSON.stringify({ msg: 'block ends' }) + '\\n');
      setTimeout(() => watch.stop(), 300);
    }, 1_000);
  `);
  // A machine under load may stall the loop beside our block, so there can be more lines
  const told = lines.map(({ msg }) => msg.split(':')[0]);
  const end = told.indexOf('block ends');
  expect(told.slice(0, end)).toContain('event loop is blocked');
  expect(told.slice(end)).toContain('event loop is no longer blocked');
  expect(Math.max(...lines.map(({ blockedMs }) => blockedMs).filter(Number.isFinite))).toBeGreaterThanOrEqual(1_300);
});

it('is silent while the loop turns, and lets the process end', async () => {
  expect(await linesOf('watchEventLoop({ warnAfterMs: 3_000 }); setTimeout(() => undefined, 3_500);')).toEqual([]);
});

it('does its work under the flags of any process', async () => {
  const program = `
    const watch = watchEventLoop({ warnAfterMs: 100 });
    setTimeout(() => {
      const end = Date.now() + 500;
      while (Date.now() < end);
      setTimeout(() => watch.stop(), 100);
    }, 1_000);
  `;
  expect((await linesOf(program, true)).map(({ msg }) => msg.split(':')[0])).toEqual(
    expect.arrayContaining(['event loop is blocked', 'event loop is no longer blocked']),
  );
});
