import { execFileSync } from 'node:child_process';
import { EMULATOR_DIR, ensureToolchain } from '../../src/emulator/toolchain';
import { TOOLS } from './cloud';

/** Runs Python code beside the modules of the emulator; returns the JSON in the last line that it prints. */
export async function probe<T>(code: string, ...args: readonly string[]): Promise<T> {
  const python = await ensureToolchain({ toolsDir: TOOLS, python: 'python3', line: () => undefined });
  const output = execFileSync(python, ['-B', '-c', code, ...args], {
    cwd: EMULATOR_DIR,
    env: { PATH: process.env.PATH, PYTHONPATH: EMULATOR_DIR, MINISTACK_ACCOUNT_ID: '000000000000' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as T;
}
