// `npm test`: the gate; `npm test -- <path or pattern>`: the tests that it names, and nothing else.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './steps.ts';

const args = process.argv.slice(2);
const [script, ...rest] =
  args.length > 0 ? ['node_modules/jest/bin/jest.js', ...args] : ['build-tools/make.ts', 'gate'];
const { status } = spawnSync(process.execPath, [join(root, script), ...rest], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
