// NestJS 12 is ES modules only, which Jest cannot load, and the repository itself tests with NestJS 11: it lives in
// .tools/, installed once.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeArtifacts } from './artifacts';

const VERSION = '12.5.1';
const PACKAGES = [
  `@nestjs/common@${VERSION}`,
  `@nestjs/core@${VERSION}`,
  '@nestjs/terminus@^12',
  'reflect-metadata@^0.2',
  'rxjs@^7',
];
const root = resolve(__dirname, '..', '..');
const runtime = join(root, 'src', 'runtime');
const run = promisify(execFile);

/**
 * Makes a folder in which the programs of test/fixtures/nest12 find NestJS 12 and the built runtime.
 *
 * @throws Error with a remedy when npm cannot reach its registry
 */
export async function nest12App(): Promise<string> {
  makeArtifacts('runtime');
  const installed = join(await install(), 'node_modules');
  const app = join(root, 'build', 'nest12');
  const modules = join(app, 'node_modules');
  rmSync(app, { recursive: true, force: true });
  cpSync(join(root, 'test', 'fixtures', 'nest12'), app, { recursive: true });
  // A copy and no link: from its real place the runtime would find NestJS 11.
  for (const part of ['dist', 'package.json']) {
    cpSync(join(runtime, part), join(modules, 'fileworks-runtime', part), { recursive: true });
  }
  ['@nestjs', 'reflect-metadata', 'rxjs'].forEach((name) => symlinkSync(join(installed, name), join(modules, name)));
  return app;
}

async function install(): Promise<string> {
  const home = resolve(process.env.FILEWORKS_TOOLS_DIR ?? join(root, '.tools'), `nest-${VERSION}`);
  if (existsSync(home)) {
    return home;
  }
  const building = `${home}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  writeFileSync(join(building, 'package.json'), JSON.stringify({ name: 'nest12', private: true }));
  try {
    const options = ['--prefix', building, '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
    await run('npm', ['install', ...options, ...PACKAGES], { cwd: building, timeout: 300_000 });
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(`NestJS ${VERSION} could not be fetched: allow npm its registry`, { cause: error });
  }
  if (!existsSync(home)) {
    renameSync(building, home);
  }
  return home;
}
