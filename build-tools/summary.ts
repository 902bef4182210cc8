// Adds up what the test runners left in build/results/ and prints it as one line.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';

interface Counts {
  passed: number;
  failed: number;
}

const folder = join(root, 'build', 'results');
const results = existsSync(folder)
  ? readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Counts)
  : [];
const sum = (key: keyof Counts) => results.reduce((total, result) => total + result[key], 0);
const [passed, failed] = [sum('passed'), sum('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
