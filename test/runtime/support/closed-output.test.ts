import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'closed-output-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program of its own whose readers are gone before it writes; resolves with how it ended. */
async function run(program: string): Promise<readonly [number | null, NodeJS.Signals | null]> {
  const outfile = join(folder, 'main.cjs');
  buildSync({
    stdin: { contents: program, resolveDir: join(__dirname, '../../..'), loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  const child: ChildProcess = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('exit', (code, signal) => resolve([code, signal])),
  );
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.stdin?.end('go');
  return ended;
}

const onceReadersAreGone = (work: string) => `
  process.stdin.on('data', async () => {
    for (let n = 0; n < 20; n += 1) {
      ${work}
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.exit(7);
  });`;

it.each<[string, string]>([
  [
    'the logger',
    `import { createLogger } from './src/runtime/telemetry/log';
    const logger = createLogger();
    ${onceReadersAreGone(`logger.info('x'); process.stderr.write('y');`)}`,
  ],
  [
    'metrics',
    `import { EmfMetrics } from './src/runtime/telemetry/emf-metrics';
    const metrics = new EmfMetrics();
    ${onceReadersAreGone(`metrics.count('jobs', 'jobsFailed'); metrics.flush(); process.stderr.write('y');`)}`,
  ],
  [
    'the command line',
    `import { stdio } from './cli/src/support/stdio';
    const io = stdio(new AbortController().signal);
    ${onceReadersAreGone(`io.out('x'); io.err('y');`)}`,
  ],
  [
    'the command line, which tells a command without an end that it can stop',
    `import { stdio } from './cli/src/support/stdio';
    const io = stdio(new AbortController().signal);
    io.unread?.addEventListener('abort', () => process.exit(7));
    process.stdin.on('data', () => setInterval(() => io.out('x'), 5));`,
  ],
])('does not end a program that writes with %s', async (_, program) => {
  expect(await run(program)).toEqual([7, null]);
});
