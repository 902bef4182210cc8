import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Steps } from '../../build-tools/graph.ts';

const graph = resolve(__dirname, '..', '..', 'build-tools', 'graph.ts');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fileworks-graph-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** In a process of its own, with its own stamps. */
async function run(steps: Steps, ...wanted: string[]): Promise<{ code: number | null; output: string }> {
  const program = `import { runSteps } from ${JSON.stringify(graph)};
process.exitCode = (await runSteps(${JSON.stringify(steps)}, ${JSON.stringify(wanted)})) ? 0 : 1;`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, FILEWORKS_TOOLS_DIR: folder },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => (output += data.toString()));
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, output };
}

const result = (output: string, step: string) => new RegExp(`^${step} .* s  (.*)$`, 'm').exec(output)?.[1];

test('runs the steps before a step, and no other', async () => {
  const log = join(folder, 'log');
  const echo = (name: string) => ({ run: [`echo ${name} >> ${log}`] });
  const { code } = await run(
    { first: echo('first'), other: echo('other'), last: { ...echo('last'), after: ['first'] } },
    'last',
  );
  expect([code, readFileSync(log, 'utf8')]).toEqual([0, 'first\nlast\n']);
});

test('runs steps side by side that do not depend on one another', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  // Each waits for the other
  const meet = (mine: string, other: string) => ({
    run: [`touch ${mine}; for i in $(seq 100); do test -e ${other} && exit 0; sleep 0.1; done; exit 1`],
  });
  expect((await run({ one: meet(one, two), two: meet(two, one) }, 'one', 'two')).code).toBe(0);
});

test('prints what a failed step printed, runs nothing after it, and the rest', async () => {
  const { code, output } = await run(
    {
      broken: { run: ['sleep 1; echo what it says; exit 3', 'echo later'] },
      after: { run: ['true'], after: ['broken'] },
      rest: { run: ['echo quiet'] },
    },
    'after',
    'rest',
  );
  expect(code).toBe(1);
  expect(output).toContain('what it says\n');
  expect(output).toContain('✖ broken: `sleep 1; echo what it says; exit 3` ended with exit code 3');
  expect(output).not.toMatch(/^(later|quiet)$/m);
  expect(['broken', 'after', 'rest'].map((step) => result(output, step))).toEqual(['failed', 'not run', 'done']);
});

test('runs a step with outputs once for the same content of its inputs, in however many processes', async () => {
  const [log, made] = [join(folder, 'log'), join(folder, 'made')];
  const steps: Steps = {
    made: { run: [`echo ran >> ${log}; sleep 1; touch ${made}`], inputs: ['package.json'], outputs: [made] },
  };
  const both = await Promise.all([run(steps, 'made'), run(steps, 'made')]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(readFileSync(log, 'utf8')).toBe('ran\n');
  rmSync(made);
  await run(steps, 'made');
  expect(readFileSync(log, 'utf8')).toBe('ran\nran\n');
  await run({ made: { ...steps.made, inputs: ['package.json', 'LICENSE'] } }, 'made');
  expect(readFileSync(log, 'utf8')).toBe('ran\nran\nran\n');
});

test('does not wait for a step of a process that was killed', async () => {
  const made = join(folder, 'made');
  const steps: Steps = { made: { run: [`touch ${made}`], outputs: [made] } };
  await run(steps, 'made');
  rmSync(made);
  const dead = spawn(process.execPath, ['--eval', '']);
  await new Promise((done) => dead.once('close', done));
  writeFileSync(join(folder, 'stamps', 'made.lock'), String(dead.pid));
  expect((await run(steps, 'made')).code).toBe(0);
});
