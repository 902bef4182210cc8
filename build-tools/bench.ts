// `npm run bench -- <name> [--json]`: runs bench/<name>.ts, which puts us and the peers side by side in one run.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root } from './steps.ts';

const [name = '', ...rest] = process.argv.slice(2);
const file = join(root, 'bench', `${name}.ts`);
if (!existsSync(file)) {
  const names = readdirSync(join(root, 'bench'))
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => entry.replace(/\.ts$/, ''));
  fail(`which bench? npm run bench -- <name>, one of ${names.join(', ')}`);
}
const { status } = spawnSync(process.execPath, ['--expose-gc', file, ...rest], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
