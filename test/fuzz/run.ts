// Coverage-guided fuzzing of what reads other people's bytes: `npm run fuzz -- [seconds] [seed] [target]`, 30 seconds
// by default, shared by the targets below.
// A target begins with its own seeds and with those in .tools/fuzz, where every input that reaches something new is
// kept; in the gate (CI=true) with its own
// and one seed, so that the same commit gets the same inputs. Fails when an input breaks what the target states, takes
// longer than twenty seconds, or more
// memory than a small task has; that input is printed and left in .tools/fuzz/<target>/failing.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { record } from '../../build-tools/results.ts';
import { Coverage } from './coverage.ts';
import { randomOf } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Which part of the time each gets: archives take longer for an input. */
const TARGETS: Readonly<Record<string, number>> = { archives: 2 / 3, decoders: 1 / 3 };
const WATCHDOG_MS = 20_000;
const MEMORY_MB = 256;
const NO_SDK = join(import.meta.dirname, 'no-sdk.ts');

const seconds = Number(process.argv[2] ?? 30);
const only = process.argv.at(4);
const gate = Boolean(process.env.CI);
const seed = Number(process.argv[3] ?? (gate ? 20_261_120 : Date.now() % 1_000_000));
if (!(seconds > 0 && Number.isInteger(seed))) {
  throw new Error('expected seconds and a seed, both numbers');
}
if (only !== undefined && !(only in TARGETS)) {
  throw new Error(`expected a target out of ${Object.keys(TARGETS).join(', ')}, got: ${only}`);
}
const root = join(import.meta.dirname, '../..');
const folderOf = (name: string) => join(root, '.tools/fuzz', name);

if (process.send !== undefined && only !== undefined) {
  await fuzz(only, seconds);
} else {
  const results: boolean[] = [];
  for (const [name, share] of only === undefined ? Object.entries(TARGETS) : [[only, 1] as const]) {
    results.push(await watch(name, seconds * share));
  }
  const passed = results.filter(Boolean).length;
  record('fuzz', { passed, failed: results.length - passed });
  process.exitCode = passed === results.length ? 0 : 1;
}

/** Runs the fuzzing in a process that can be killed when an input blocks it. */
async function watch(name: string, time: number): Promise<boolean> {
  const folder = folderOf(name);
  mkdirSync(join(folder, 'corpus'), { recursive: true });
  // The AWS SDK and the larger libraries would be in the process, and in the coverage that is taken after every input;
  // zip.js is an oracle's.
  buildSync({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile: join(folder, 'target.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['@zip.js/zip.js'],
    alias: { '@aws-sdk/client-ecs': NO_SDK, '@aws-sdk/client-s3': NO_SDK, '@aws-sdk/client-sqs': NO_SDK },
    logLevel: 'error',
  });
  const child = fork(import.meta.filename, [String(time), String(seed), name], {
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
    execArgv: [`--max-old-space-size=${MEMORY_MB}`],
  });
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
  if (code === 0) {
    return true;
  }
  const what = signal === 'SIGKILL' ? `took longer than ${WATCHDOG_MS} ms` : 'broke a rule';
  const failing = join(folder, 'failing');
  const input = existsSync(failing) ? readFileSync(failing) : Buffer.alloc(0);
  process.stderr.write(
    `\n✖ ${name}: input ${runs} of seed ${seed} ${what}; it is ${failing}, ${input.length} bytes, which begin in base64:\n${input.subarray(0, 4_096).toString('base64')}\n`,
  );
  return false;
}

async function fuzz(name: string, time: number): Promise<void> {
  const folder = folderOf(name);
  const corpus = join(folder, 'corpus');
  const target = createRequire(import.meta.url)(join(folder, 'target.cjs')) as FuzzTarget;
  const coverage = await Coverage.start('target.cjs');
  const random = randomOf(seed);
  const inputs: Buffer[] = [];
  let runs = 0;

  const run = async (input: Buffer, keep: boolean): Promise<void> => {
    runs += 1;
    writeFileSync(join(folder, 'failing'), input);
    process.send?.(runs);
    await target.fuzz(input);
    if ((await coverage.fresh()) === 0 || input.length > target.maxBytes) {
      return;
    }
    inputs.push(input);
    if (keep) {
      writeFileSync(join(corpus, `${runs}-${seed}`), input);
    }
  };

  for (const input of target.seeds(root)) {
    await run(input, false);
  }
  const own = { runs, features: coverage.features };
  if (!gate) {
    for (const kept of readdirSync(corpus).sort()) {
      await run(readFileSync(join(corpus, kept)), false);
    }
  }
  const started = performance.now();
  while (performance.now() - started < time * 1_000) {
    await run(target.mutate(inputs[random(inputs.length)], inputs[random(inputs.length)], random), !gate);
  }
  writeFileSync(join(folder, 'failing'), '');
  process.stdout.write(
    `${name}: ${runs} inputs in ${Math.round(time)} s, seed ${seed}: ${coverage.features} features of coverage (${own.features} from its own ${own.runs}), no finding\n`,
  );
  process.exit(0);
}
