// `npm run judges [-- judge...]`: what programs of others find in the templates, scripts and workflows of every
// construct.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { make } from './make.ts';
import { fail, root } from './steps.ts';

const folder = join(root, 'test', 'judges');
const names = process.argv.slice(2);
const unknown = names.filter((name) => !existsSync(join(folder, `${name}.test.ts`)));
if (unknown.length > 0) {
  const known = readdirSync(folder).flatMap((file) => /^(.+)\.test\.ts$/.exec(file)?.[1] ?? []);
  fail(`no judge ${unknown.join(', ')}: choose from ${known.join(', ')}`);
}
await make('templates', 'judge-tools');
const paths = names.length > 0 ? names.map((name) => join(folder, `${name}.test.ts`)) : [folder];
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
process.exitCode = spawnSync(process.execPath, [jest, ...paths], { cwd: root, stdio: 'inherit' }).status ?? 1;
