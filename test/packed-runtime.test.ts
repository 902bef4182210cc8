import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const packed = resolve(__dirname, '..', 'dist', 'js');

/** Outside of this checkout, whose node_modules would hide what the package forgot to declare. */
describe('the packed fileworks-runtime in a project of its own, with its required peers only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-runtime-'));
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

  beforeAll(() => {
    const tarball = readdirSync(packed).find((file) => file.startsWith('fileworks-runtime-'));
    if (!tarball) {
      throw new Error('no tarball of fileworks-runtime in dist/js: run `npm run artifacts`');
    }
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    execFileSync(
      'npm',
      [
        'install',
        '--omit=dev',
        '--no-audit',
        '--no-fund',
        '--prefer-offline',
        '--loglevel=error',
        join(packed, tarball),
      ],
      { cwd: folder },
    );
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['fileworks-runtime', 'fileworks-runtime/testing'])(
    '%s can be imported and required, with the same names',
    (name) => {
      const names =
        'console.log(JSON.stringify(Object.keys(m).filter((k) => k !== "default" && k !== "module.exports" && k !== "__esModule").sort()))';
      const imported = node('--input-type=module', '-e', `import * as m from '${name}'; ${names}`);
      const required = node('-e', `const m = require('${name}'); ${names}`);
      expect(JSON.parse(imported)).toContain(name === 'fileworks-runtime' ? 'runWorker' : 'ManualClock');
      expect(required).toBe(imported);
    },
  );
});
