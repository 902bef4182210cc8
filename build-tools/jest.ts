// Runs Jest and leaves the counts for the gate's closing line: first what computes, on several processors, then the
// deployments, which have a clock and
// should have the machine for themselves. With arguments, one run of what they name.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { record } from './results.ts';
import { root } from './steps.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

mkdirSync(join(root, 'build'), { recursive: true });

function run(name: string, args: readonly string[]): number {
  const file = join(root, 'build', `${name}.json`);
  rmSync(file, { force: true });
  const jest = [
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--ci',
    '--json',
    `--outputFile=${file}`,
    ...args,
  ];
  // The schema check of newer CDK versions costs seconds per test file; one test runs it on purpose
  const { status } = spawnSync(process.execPath, jest, {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { CDK_VALIDATION: 'false', ...process.env },
  });
  if (existsSync(file)) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(file, 'utf8'),
    ) as Report;
    record(name, { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites });
  }
  return status ?? 1;
}

const args = process.argv.slice(2);
if (args.length > 0) {
  process.exit(run('jest', args));
}

const workers = `--maxWorkers=${Math.min(availableParallelism(), 4)}`;
const others = ['/node_modules/', '<rootDir>/.tools/', '<rootDir>/test/e2e/'].map(
  (pattern) => `--testPathIgnorePatterns=${pattern}`,
);
const statuses = [run('jest', [workers, ...others]), run('e2e', ['--runInBand', 'test/e2e'])];
process.exit(statuses.find((status) => status !== 0) ?? 0);
