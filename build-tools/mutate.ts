// `npm run mutate -- dispatch [--only <part of a path>] [--seconds <n>]`: applies each mutant of test/mutants in a copy
// of the sources, and runs the fast tests of its file. With `--seconds`, a sample that the commit selects.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { record } from './results.ts';
import { inCommitOrder } from './commit-order.ts';
import { fail, root } from './steps.ts';
import { startDynamoDbLocal, SHARED_DYNAMODB_LOCAL } from '../test/support/dynamodb-local.ts';
import { IN_MEMORY, lists, testsOf } from '../test/mutants/lists.ts';
import type { Mutant } from '../test/mutants/mutant.ts';

const MIN_KILLED = 0.95;
const TIMEOUT_MS = 300_000;
const SOURCES = ['src', 'test', 'models', 'build-tools', 'docs/constructs/typed-dispatcher-guards.md'];
const copy = join(root, 'build', `mutants-${process.pid}`);

type Verdict = 'killed' | 'survived' | 'timeout';

const {
  values: { only = '', seconds },
  positionals: [name = ''],
} = parseArgs({ allowPositionals: true, options: { only: { type: 'string' }, seconds: { type: 'string' } } });

/** A copy without the servers: handlers use the reference store in memory. */
function makeCopy() {
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  mkdirSync(copy, { recursive: true });
  for (const path of SOURCES) {
    cpSync(join(root, path), join(copy, path), {
      recursive: true,
      filter: (from) => !/\/(node_modules|dist)$/.test(from),
    });
  }
  const jest = JSON.parse(readFileSync(join(root, 'jest.config.json'), 'utf8')) as {
    globalSetup?: string;
    readonly moduleNameMapper: Readonly<Record<string, string>>;
  };
  delete jest.globalSetup;
  writeFileSync(join(copy, 'jest.config.json'), JSON.stringify(jest));
  const inMemory = {
    '^.*/dynamodb-store(\\.js)?$': '<rootDir>/test/handlers/support/dynamodb-store',
    '^.*/(dynamodb-local|dispatch-table)(\\.js)?$': '<rootDir>/test/mutants/memory/$1',
  };
  const moduleNameMapper = { ...inMemory, ...jest.moduleNameMapper };
  writeFileSync(join(copy, IN_MEMORY), JSON.stringify({ ...jest, moduleNameMapper }));
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

function runTests(args: readonly string[], show = false): Verdict {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const { status, error } = spawnSync(process.execPath, [jest, '-w', '1', '--bail', '--silent', ...args], {
    cwd: copy,
    env: { ...process.env, CI: 'true', CDK_VALIDATION: 'false' },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    stdio: show ? 'inherit' : 'ignore',
  });
  return error !== undefined ? 'timeout' : status === 0 ? 'survived' : 'killed';
}

function mutate({ file, find, replace }: Mutant): () => void {
  const path = join(copy, 'src', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) {
    fail(`src/${file} must have this text once, for the mutants in test/mutants: ${find}`);
  }
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  return () => writeFileSync(path, source);
}

const listed = lists[name] ?? fail(`expected the name of a list of mutants: ${Object.keys(lists).join(', ')}`);
const chosen = listed.filter(({ file, equivalent }) => file.includes(only) && equivalent === undefined);
makeCopy();
// Its start takes longer than most tests; every run has tables of its own
const server = await startDynamoDbLocal();
process.env[SHARED_DYNAMODB_LOCAL] = server.endpoint;
for (const args of new Set(chosen.map(({ file }) => testsOf(file)))) {
  if (runTests(args, true) !== 'survived') {
    fail(`the tests fail without a mutant: jest ${args.join(' ')}`);
  }
}
const until = seconds === undefined ? Infinity : Date.now() + Number(seconds) * 1_000;
const counts: Record<Verdict, number> = { killed: 0, survived: 0, timeout: 0 };
for (const mutant of seconds === undefined
  ? chosen
  : inCommitOrder(chosen, ({ file, find, replace }) => `${file}\0${find}\0${replace}`)) {
  if (Date.now() > until) {
    break;
  }
  const started = performance.now();
  const restore = mutate(mutant);
  const verdict = runTests(testsOf(mutant.file));
  restore();
  counts[verdict] += 1;
  process.stdout.write(
    `${verdict === 'survived' ? '✖' : '✔'} ${verdict.padEnd(8)} ${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s  ${mutant.file}: ${mutant.why}\n`,
  );
}
await server.stop();
const tried = counts.killed + counts.survived;
const equivalent = listed.filter((mutant) => mutant.equivalent !== undefined);
process.stdout.write(
  `${counts.killed} of ${tried} killed, ${counts.timeout} timeouts, ${equivalent.length} equivalent\n`,
);
record('mutate', { passed: counts.killed + counts.timeout, failed: counts.survived });
if (counts.killed < MIN_KILLED * tried) {
  fail(`fewer than ${MIN_KILLED * 100} % of the mutants were killed`);
}
