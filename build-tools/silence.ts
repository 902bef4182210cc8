// `npm run silence [-- deployment...] [--parts <pattern>] [--speed <n>]`: every part of the reference deployments is
// switched off in turn.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './steps.ts';

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { parts: { type: 'string', default: '' }, speed: { type: 'string', default: '30' } },
});
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const env = {
  ...process.env,
  FILEWORKS_SILENCE: names.length > 0 ? names.join(' ') : 'all',
  FILEWORKS_SILENCE_PARTS: values.parts,
  FILEWORKS_SILENCE_SPEED: values.speed,
};
const args = [jest, '-w', '1', join(root, 'test', 'silence')];
process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1;
