// Adds up what the test runners left in build/results/ and prints it as one line.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './results.ts';
import { root } from './steps.ts';

/** As Jest writes it with --json. */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

function read(file: string): Counts {
  const result = JSON.parse(readFileSync(file, 'utf8')) as Counts | JestReport;
  return 'passed' in result
    ? result
    : { passed: result.numPassedTests, failed: result.numFailedTests + result.numRuntimeErrorTestSuites };
}

const folder = join(root, 'build', 'results');
const results = existsSync(folder) ? readdirSync(folder).map((file) => read(join(folder, file))) : [];
const sum = (key: keyof Counts) => results.reduce((total, result) => total + result[key], 0);
const [passed, failed] = [sum('passed'), sum('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
