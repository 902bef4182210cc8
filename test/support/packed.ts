import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeArtifacts } from './artifacts';

export const root = resolve(__dirname, '..', '..');
const packed = join(root, 'dist', 'js');

/** The npm tarball of a package of this repository; packs it if its sources have changed. */
export function tarballOf(name: string): string {
  makeArtifacts('js');
  return join(
    packed,
    readdirSync(packed).find((entry) => entry.startsWith(`${name}-`))!,
  );
}

/** What a user imports from, a name that is exported there, and the optional peers without which it does not load. */
export const RUNTIME_PATHS: readonly (readonly [path: string, name: string, peers: readonly string[]])[] = [
  ['fileworks-runtime', 'runWorker', []],
  ['fileworks-runtime/archive', 'openZip', []],
  ['fileworks-runtime/storage', 'IdempotentUploader', []],
  ['fileworks-runtime/dispatch', 'runFileTask', []],
  ['fileworks-runtime/exports', 'ExportApiClient', []],
  ['fileworks-runtime/batch', 'runBatch', []],
  ['fileworks-runtime/testing', 'ManualClock', []],
  ['fileworks-runtime/postgres', 'postgresTurns', ['pg']],
  ['fileworks-runtime/loader', 'fileLoader', ['pg', 'pg-copy-streams', 'csv-parse', 'ajv', 'ajv-formats']],
  ['fileworks-runtime/nestjs', 'FileworksModule', ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs']],
];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, unknown>>;
}

/**
 * Makes `folder` a project with the packed runtime, its dependencies and its required peers, without a network: links
 * lead to the packages of this checkout, and the runtime itself is a copy, which finds no more than is linked.
 *
 * @param others further packages, such as optional peers
 */
export function installRuntime(folder: string, others: readonly string[] = []): void {
  const modules = join(folder, 'node_modules');
  const runtime = join(modules, 'fileworks-runtime');
  mkdirSync(runtime, { recursive: true });
  execFileSync('tar', ['-xzf', tarballOf('fileworks-runtime'), '-C', runtime, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8')) as Manifest;
  const required = Object.keys(manifest.peerDependencies).filter((name) => !(name in manifest.peerDependenciesMeta));
  for (const name of [...Object.keys(manifest.dependencies), ...required, ...others]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}
