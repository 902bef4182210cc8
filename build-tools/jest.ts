// Runs Jest and leaves the counts for the gate's closing line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { record } from './results.ts';
import { root } from './steps.ts';

const report = join(root, 'build', 'jest.json');
mkdirSync(join(root, 'build'), { recursive: true });
rmSync(report, { force: true });
const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--ci', '--json', `--outputFile=${report}`, ...process.argv.slice(2)];
// the schema check of newer CDK versions costs seconds per test file; one test runs it on purpose
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['inherit', 'ignore', 'inherit'], env: { CDK_VALIDATION: 'false', ...process.env } });
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numRuntimeErrorTestSuites: number };
  record('jest', { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites });
}
process.exit(status ?? 1);
