import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

/** What a user of Apache-2.0 software can take along without asking a lawyer. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];

/**
 * The one exception: the oracle of local/test/emulator/authorization, and what it needs. It is AGPL-3.0-or-later, so no
 * file that ships may import it.
 */
const oracle = ['@cloud-copilot/iam-policy', '@cloud-copilot/iam-simulate', '@cloud-copilot/iam-utils'];

interface Locked {
  readonly license?: string;
  readonly version?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Package name, version and licence of each heading in THIRD-PARTY-NOTICES. */
const noticed = [
  ...readFileSync(join(root, 'THIRD-PARTY-NOTICES'), 'utf8').matchAll(/^(@?[\w./-]+) (\d\S*) \((.+)\)$/gm),
].map(([, name, version, license]) => ({ name, version, license }));
const locked = Object.entries(
  (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }).packages,
)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ''), ...entry }));

describe('licences', () => {
  test('of all that users install with us are permissive', () => {
    const shipped = locked.filter(({ dev, link }) => !dev && !link);
    expect(shipped.length).toBeGreaterThan(30);
    expect(
      shipped
        .filter(({ license }) => !allowed.includes(license ?? 'none named'))
        .map(({ name, license }) => `${name}: ${license}`),
    ).toEqual([]);
  });

  test('of all that the Lambda bundles hold are permissive', () => {
    expect(noticed.length).toBeGreaterThan(30);
    expect(
      noticed.filter(({ license }) => !allowed.includes(license)).map(({ name, license }) => `${name}: ${license}`),
    ).toEqual([]);
  });

  test('are copyleft only for the oracle of one test, which nothing that ships imports', () => {
    const copyleft = locked.filter(({ license }) => /GPL/.test(license ?? '') && !/ OR /.test(license ?? ''));
    expect(copyleft.filter(({ dev }) => !dev).map(({ name }) => name)).toEqual([]);
    expect(copyleft.map(({ name }) => name).sort()).toEqual(oracle);
    const shipped = ['src', 'local/src', 'local/emulator', 'cli/src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(ts|js|mjs|py)$/.test(file) && !file.includes('node_modules'))
        .map((file) => join(folder, file)),
    );
    expect(shipped.length).toBeGreaterThan(200);
    expect(
      shipped.filter((file) => oracle.some((name) => readFileSync(join(root, file), 'utf8').includes(name))),
    ).toEqual([]);
  });

  test('are noticed in the versions that are locked', () => {
    expect(
      noticed.filter(({ name, version }) => !locked.some((entry) => entry.name === name && entry.version === version)),
    ).toEqual([]);
  });
});
