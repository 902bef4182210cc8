// `npm test`: the gate; `npm test -- <path or pattern>`: the tests that it names, and nothing else.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { GATE, make } from './make.ts';
import { root } from './steps.ts';

const args = process.argv.slice(2);
if (args.length === 0) {
  await make(...GATE);
} else {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  process.exitCode = spawnSync(process.execPath, [jest, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
