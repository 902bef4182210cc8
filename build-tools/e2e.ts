// `npm run e2e -- <deployment>`: one reference deployment end to end on the local cloud; without a name, all.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fail, root } from './steps.ts';

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const files = names.map((name) => join(root, 'test', 'e2e', `${name}.test.ts`));
const missing = names.filter((_, i) => !existsSync(files[i]));
if (missing.length > 0) {
  fail(`no end-to-end test for ${missing.join(', ')}: see test/e2e/`);
}
const paths = files.length > 0 ? files : [join(root, 'test', 'e2e')];
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...paths, ...options],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
