import { spawnSync } from 'node:child_process';

/** What a program prints as JSON. A finding may be its exit code as well; without output, it did not run. */
export function runForJson(program: string, args: readonly string[]): unknown {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    throw new Error(`${program} gave no report: ${error?.message ?? stderr}`);
  }
}
