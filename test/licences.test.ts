import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

/** What a user of Apache-2.0 software can take along without asking a lawyer. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];

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

  test('are noticed in the versions that are locked', () => {
    expect(
      noticed.filter(({ name, version }) => !locked.some((entry) => entry.name === name && entry.version === version)),
    ).toEqual([]);
  });
});
