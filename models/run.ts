// `npm run model [-- --full] [--json] [<name> ...]`: searches the state space of the dispatch protocol and of its
// mutants with SPIN. `npm run model -- --guards`: writes what is made from the table of guards.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { record } from '../build-tools/results.ts';
import { fail, installFromDebian, root } from '../build-tools/steps.ts';
import { type Configuration, configurations, properties } from './configurations.ts';
import { markdown, promela } from './guards/render.ts';

const MEMORY_MB = Number(process.env.FILEWORKS_MODEL_MEMORY_MB ?? 12_000);
const TIMEOUT_SECONDS = Number(process.env.FILEWORKS_MODEL_TIMEOUT_SECONDS ?? 1_800);

const {
  values: { full, json, guards },
  positionals: names,
} = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean' }, json: { type: 'boolean' }, guards: { type: 'boolean' } },
});
if (guards === true) {
  writeFileSync(join(root, 'models', 'guards.pml'), promela());
  writeFileSync(join(root, 'docs', 'constructs', 'typed-dispatcher-guards.md'), markdown());
  process.exit();
}

interface Row {
  readonly configuration: Configuration;
  readonly ok: boolean;
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function requireTools() {
  if (!has('spin')) {
    installFromDebian('spin');
  }
  if (!has('spin')) {
    fail(
      'the model checker spin is needed: install it (Debian and Ubuntu: apt-get install spin) and run the command again',
    );
  }
  if (!has('gcc')) {
    fail(
      'gcc is needed to compile the search that spin generates: install it (Debian and Ubuntu: apt-get install gcc) and run the command again',
    );
  }
}

function must(folder: string, command: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) {
    fail(`${command} ${args.join(' ')} ended with ${String(status)}:\n${stdout}${stderr}`);
  }
}

/** Compiles the verifier of one configuration and runs it, within the bounds of memory and time. */
function search(configuration: Configuration): Row {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-model-'));
  try {
    for (const file of ['dispatch.pml', 'guards.pml']) {
      copyFileSync(join(root, 'models', file), join(folder, file));
    }
    must(folder, 'spin', ['-a', ...configuration.flags.split(' '), 'dispatch.pml']);
    const safety = configuration.search === 'safety';
    const kind = safety ? ['-DSAFETY', '-DNOCLAIM'] : ['-DNFAIR=4'];
    // A mutant fails within a few thousand states: an optimized build would take longer than the search
    const optimization = configuration.violates === undefined ? '-O2' : '-O0';
    must(folder, 'gcc', [
      optimization,
      '-w',
      ...kind,
      '-DCOLLAPSE',
      '-DVECTORSZ=2048',
      `-DMEMLIM=${MEMORY_MB}`,
      '-o',
      'pan',
      'pan.c',
    ]);
    const started = performance.now();
    const depth = safety ? ['-m2000000'] : ['-a', '-f', '-N', 'live', '-m4000000'];
    const { stdout, error } = spawnSync('./pan', [...depth, '-w24'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: TIMEOUT_SECONDS * 1_000,
    });
    const seconds = (performance.now() - started) / 1_000;
    return { configuration, ...judge(configuration, stdout, error !== undefined), ...figures(stdout), seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge({ violates }: Configuration, output: string, stopped: boolean): Pick<Row, 'ok' | 'verdict'> {
  const violation = /^pan:1: (.*)$/m.exec(output)?.[1];
  if (violates !== undefined) {
    if (violation === undefined) {
      return { ok: false, verdict: `NOT CAUGHT, expected: ${violates}` };
    }
    return violation.includes(properties[violates])
      ? { ok: true, verdict: `caught: ${violates}` }
      : { ok: false, verdict: `other violation: ${violation}` };
  }
  if (violation !== undefined) {
    return { ok: false, verdict: `VIOLATED: ${violation}` };
  }
  const complete =
    !stopped &&
    /errors: 0/.test(output) &&
    !/Search not completed|max search depth too small|out of memory/i.test(output);
  return complete
    ? { ok: true, verdict: 'holds' }
    : { ok: false, verdict: `INCOMPLETE within ${MEMORY_MB} MB and ${TIMEOUT_SECONDS} s` };
}

function figures(output: string): Pick<Row, 'states' | 'transitions'> {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  return { states: number(/([\d.e+]+) states, stored/), transitions: number(/([\d.e+]+) transitions/) };
}

function print({ configuration, ok, verdict, states, transitions, seconds }: Row) {
  const { name, faults, search, violates } = configuration;
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ model: 'dispatch', name, faults, search, mutant: violates !== undefined, verdict, states, transitions, seconds: Number(seconds.toFixed(1)), ok })}\n`,
    );
    return;
  }
  const title = `${violates === undefined ? '' : 'mutant: '}${name}`;
  process.stdout.write(
    `${ok ? '✔' : '✖'} ${title.padEnd(52)} ${String(states).padStart(12)} states ${String(transitions).padStart(13)} transitions ${seconds.toFixed(1).padStart(7)} s  ${verdict}\n`,
  );
}

const unknown = names.filter((name) => !configurations.some((configuration) => configuration.name === name));
if (unknown.length > 0) {
  fail(`no configuration is called ${unknown.join(', ')}: see models/configurations.ts`);
}
requireTools();
const rows = configurations
  .filter(({ name, short }) => (names.length > 0 ? names.includes(name) : short || full === true))
  .map((configuration) => {
    const row = search(configuration);
    print(row);
    return row;
  });
const failed = rows.filter(({ ok }) => !ok).length;
record('model', { passed: rows.length - failed, failed });
if (failed > 0) {
  fail(`${failed} of ${rows.length} searches did not end as they must`);
}
