import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { EMULATOR_DIR, ensureToolchain } from '../../../src/emulator/toolchain';
import { TOOLS } from '../../support/cloud';
import type { Case } from './generator';

export interface Verdict {
  readonly allowed: boolean;
  readonly explicit: boolean;
  readonly statements: readonly (readonly [policy: string, index: number])[];
  readonly reason: string;
}

/** Runs a script beside this file with the interpreter of the emulator: JSON in, JSON out. */
export async function python<T>(script: string, input: unknown, options = ''): Promise<T> {
  const interpreter = await ensureToolchain({ toolsDir: TOOLS, python: 'python3', line: () => undefined });
  const output = execFileSync(interpreter, [`-B${options}`, join(__dirname, script)], {
    input: JSON.stringify(input),
    env: { PATH: process.env.PATH, PYTHONPATH: EMULATOR_DIR },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(output) as T;
}

/** The evaluator needs no package: without them, Python starts faster. */
export const judge = (cases: readonly Case[]): Promise<readonly Verdict[]> => python('judge.py', cases, 'S');
