import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Stored things of one format, by the name of the fixture. */
export type Records = Readonly<Record<string, Json>>;

const EXTENSION = '.json';
const folderOf = (root: string, version: number) => join(root, `v${version}`);

/** Versions of a format that have fixtures, the oldest first. */
export function versionsIn(root: string): number[] {
  return existsSync(root)
    ? readdirSync(root)
        .map((name) => Number(/^v(\d+)$/.exec(name)?.[1]))
        .filter((version) => version > 0)
        .sort((one, other) => one - other)
    : [];
}

export function readFixtures(root: string, version: number): Records {
  const folder = folderOf(root, version);
  const names = readdirSync(folder).filter((name) => name.endsWith(EXTENSION));
  return Object.fromEntries(
    names.map((name) => [
      name.slice(0, -EXTENSION.length),
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json,
    ]),
  );
}

/** Writes the fixtures of a new version. @throws Error if the version has fixtures: what is stored somewhere stays */
export function writeFixtures(root: string, version: number, records: Records): void {
  const folder = folderOf(root, version);
  if (existsSync(folder)) {
    throw new Error(`${folder} exists: fixtures of a version are never rewritten`);
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, record] of Object.entries(records)) {
    writeFileSync(join(folder, name + EXTENSION), `${JSON.stringify(record, undefined, 2)}\n`);
  }
}
