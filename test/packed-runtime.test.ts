import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installRuntime, RUNTIME_PATHS, tarballOf } from './support/packed.js';

const NAMES =
  'console.log(JSON.stringify(Object.keys(m).filter((k) => k !== "default" && k !== "module.exports" && k !== "__esModule").sort()))';
const alone = RUNTIME_PATHS.filter(([, , peers]) => peers.length === 0);
const withPeers = RUNTIME_PATHS.filter(([, , peers]) => peers.length > 0);

/** What is imported and what is required from a path, in the project of `folder`. */
function namesOf(folder: string, path: string): { imported: string[]; required: string[] } {
  const node = (...args: string[]) =>
    JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })) as string[];
  return {
    imported: node('--input-type=module', '-e', `import * as m from '${path}'; ${NAMES}`),
    required: node('-e', `const m = require('${path}'); ${NAMES}`),
  };
}

/** Outside of this checkout, whose node_modules would hide what the package forgot to declare. */
describe('the packed fileworks-runtime in a project of its own, with its required peers only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-runtime-'));

  beforeAll(() => {
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
        tarballOf('fileworks-runtime'),
      ],
      { cwd: folder },
    );
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(alone)('%s can be imported and required, with the same names', (path, name) => {
    const { imported, required } = namesOf(folder, path);
    expect(imported).toContain(name);
    expect(required).toEqual(imported);
  });

  test.each(withPeers)('%s fails for want of its optional peers', (path) => {
    expect(() => namesOf(folder, path)).toThrow(/ERR_MODULE_NOT_FOUND/);
  });
});

describe('the packed fileworks-runtime with the optional peers of one path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-runtime-'));

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(withPeers)('%s can be imported and required, with the same names', (path, name, peers) => {
    const project = join(folder, path);
    installRuntime(project, peers);
    const { imported, required } = namesOf(project, path);
    expect(imported).toContain(name);
    expect(required).toEqual(imported);
  });
});
