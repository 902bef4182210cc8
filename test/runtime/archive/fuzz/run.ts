// Coverage-guided fuzzing of both ZIP readers: `npm run fuzz -- [seconds] [seed]`, 30 seconds by default.
// Begins with the bad archives and with those in .tools/fuzz, where every input that reaches something new is kept; in the gate (CI=true) with the bad
// archives and one seed, so that the same commit gets the same inputs. Fails when an input breaks what target.ts states, or takes longer than twenty seconds;
// that input is printed and left in .tools/fuzz/failing.zip.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { record } from '../../../../build-tools/results.ts';
import { Coverage } from './coverage.ts';
import { mutate, randomOf } from './mutate.ts';

const MAX_BYTES = 4_096;
const WATCHDOG_MS = 20_000;

const seconds = Number(process.argv[2] ?? 30);
const gate = Boolean(process.env.CI);
const seed = Number(process.argv[3] ?? (gate ? 20_261_120 : Date.now() % 1_000_000));
if (!(seconds > 0 && Number.isInteger(seed))) throw new Error('expected seconds and a seed, both numbers');
const root = join(import.meta.dirname, '../../../..');
const folder = join(root, '.tools/fuzz');
const corpus = join(folder, 'corpus');
const failing = join(folder, 'failing.zip');

if (process.send === undefined) await watch();
else await fuzz();

/** Runs the fuzzing in a process that can be killed when an input blocks it. */
async function watch(): Promise<void> {
  mkdirSync(corpus, { recursive: true });
  // zip.js is left out: it is not ours, and 100 times as much code to look at.
  buildSync({
    entryPoints: [join(import.meta.dirname, 'target.ts')], outfile: join(folder, 'target.cjs'), bundle: true, platform: 'node', format: 'cjs',
    external: ['@zip.js/zip.js'], logLevel: 'error',
  });
  const child = fork(import.meta.filename, [String(seconds), String(seed)], { env: { ...process.env, NODE_PATH: join(root, 'node_modules') } });
  const dog = setTimeout(() => child.kill('SIGKILL'), WATCHDOG_MS);
  let runs = 0;
  child.on('message', (count: number) => {
    runs = count;
    dog.refresh();
  });
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (status, by) => resolve({ code: status, signal: by }));
  });
  clearTimeout(dog);
  record('fuzz', { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 });
  process.exitCode = code ?? 1;
  if (code === 0) return;
  const what = signal === 'SIGKILL' ? `took longer than ${WATCHDOG_MS} ms` : 'broke a rule';
  const input = existsSync(failing) ? readFileSync(failing) : Buffer.alloc(0);
  process.stderr.write(`\n✖ input ${runs} of seed ${seed} ${what}; it is ${failing}, ${input.length} bytes, in base64:\n${input.toString('base64')}\n`);
}

async function fuzz(): Promise<void> {
  const target = createRequire(import.meta.url)(join(folder, 'target.cjs')) as typeof import('./target.ts');
  const coverage = await Coverage.start('target.cjs');
  const random = randomOf(seed);
  const bad = join(root, 'test/fixtures/archives/bad');
  const inputs: Buffer[] = [];
  let runs = 0;

  const run = async (input: Buffer, keep: boolean): Promise<void> => {
    runs += 1;
    writeFileSync(failing, input);
    process.send?.(runs);
    await target.fuzz(input);
    if (await coverage.fresh() === 0) return;
    inputs.push(input);
    if (keep) writeFileSync(join(corpus, `${runs}-${seed}.zip`), input);
  };

  for (const path of [bad, ...gate ? [] : [corpus]].flatMap((from) => readdirSync(from).sort().map((name) => join(from, name)))) {
    const input = readFileSync(path);
    if (input.length <= MAX_BYTES) await run(input, false);
  }
  const started = performance.now();
  const first = { runs, features: coverage.features };
  while (performance.now() - started < seconds * 1_000) {
    await run(mutate(inputs[random(inputs.length)], inputs[random(inputs.length)], random, MAX_BYTES), !gate);
  }
  writeFileSync(failing, '');
  const found = `${coverage.features} features of coverage (${first.features} from the ${first.runs} inputs that were there), no finding`;
  process.stdout.write(`${runs} inputs in ${seconds} s, seed ${seed}: ${found}\n`);
  process.exit(0);
}
