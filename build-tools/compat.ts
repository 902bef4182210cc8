// `npm run compat [-- assembly]`: what the API has lost since the baseline, by jsii-diff; with --renew the API of now
// becomes the baseline.
// The baseline is the assembly without documentation and places in the sources, a line for each type: small, and a diff
// that a reviewer can read.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';

const baseline = join(root, 'test', 'fixtures', 'api-baseline.json');
const unneeded = new Set(['docs', 'locationInModule', 'symbolId']);

interface Assembly {
  schema: string;
  name: string;
  version: string;
  dependencies: Record<string, string>;
  types: Record<string, unknown>;
}
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Assembly;

function renew(): number {
  const { schema, name, version, dependencies, types } = JSON.parse(
    readFileSync(join(root, '.jsii'), 'utf8'),
    (key, value: unknown) => (unneeded.has(key) ? undefined : value),
  ) as Assembly;
  const head = JSON.stringify({ schema, name, version, dependencies }).slice(0, -1);
  const lines = Object.entries(types).map(([fqn, type]) => `${JSON.stringify(fqn)}: ${JSON.stringify(type)}`);
  writeFileSync(baseline, `${head}, "types": {\n${lines.join(',\n')}\n}}\n`);
  return 0;
}

/** jsii-diff reads packages, and finds what they refer to from their folder upwards. */
function asPackage(file: string, folder: string): string {
  const assembly = read(file);
  mkdirSync(folder);
  writeFileSync(join(folder, '.jsii'), JSON.stringify(assembly));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: assembly.dependencies, jsii: {} }));
  return folder;
}

function compare(updated: string): number {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'compat-'));
  try {
    const packages = [asPackage(baseline, join(folder, 'baseline')), asPackage(updated, join(folder, 'updated'))];
    return spawnSync(join(root, 'node_modules', '.bin', 'jsii-diff'), packages, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [argument = join(root, '.jsii')] = process.argv.slice(2);
process.exitCode = argument === '--renew' ? renew() : compare(argument);
