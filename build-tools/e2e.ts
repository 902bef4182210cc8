// `npm run e2e -- <deployment>`: one reference deployment end to end on the local cloud; without a name, all.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fail, root } from './steps.ts';

const [name, ...rest] = process.argv.slice(2);
if (name && !name.startsWith('-') && !existsSync(join(root, 'test', 'e2e', `${name}.test.ts`))) {
  fail(`no end-to-end test for ${name}: see test/e2e/`);
}
const pattern = join(root, 'test', 'e2e', name && !name.startsWith('-') ? `${name}.test.ts` : '');
const { status } = spawnSync(process.execPath, [join(root, 'build-tools', 'jest.ts'), pattern, ...(name?.startsWith('-') ? [name] : []), ...rest], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
