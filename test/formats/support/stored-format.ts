import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { incompatibilities } from './compatibility';
import { type Json, readFixtures, type Records, versionsIn, writeFixtures } from './fixtures';

/** A format that outlives the release that wrote it: see docs/operations/stored-formats.md. */
export interface StoredFormat {
  /** Folder of its fixtures. */
  readonly name: string;
  /** Has today's code write everything of this format, from fixed inputs. */
  readonly write: () => Promise<Records>;
  /** Has today's code continue from stored records, and expects what they mean. */
  readonly read: (records: Records, version: number) => Promise<void>;
  /** Properties whose readers know every value, such as a status. */
  readonly closed?: readonly string[];
  /** Version that today's code writes, if it reads a newer one that a later release writes. @default - the newest */
  readonly writes?: number;
  /** By version that is incompatible with its predecessor: the release that was the first to read it. */
  readonly readSince?: Readonly<Record<number, string>>;
}

const FIXTURES = resolve('test/formats/fixtures');
const REMEDY = 'docs/operations/stored-formats.md has the rules; WRITE_FIXTURES=1 adds the fixtures of a new version';

/** The three tests of a stored format. `WRITE_FIXTURES=1` adds a version if today's code writes something else. */
export function describeFormat({ name, write, read, closed = [], writes, readSince = {} }: StoredFormat): void {
  const root = join(FIXTURES, name);
  const versions = versionsIn(root);
  const current = writes ?? versions.at(-1) ?? 0;

  describe(`the stored format ${name}`, () => {
    test('is written as in its fixtures', async () => {
      const written = asJson(await write());
      const stored = current === 0 ? undefined : readFixtures(root, current);
      const differs = JSON.stringify(written) !== JSON.stringify(sorted(stored ?? null));
      if (differs && process.env.WRITE_FIXTURES === '1') {
        writeFixtures(root, current + 1, written);
      } else {
        expect({ remedy: REMEDY, ...written }).toEqual({ remedy: REMEDY, ...stored });
      }
    });

    for (const version of versions) {
      test(`is read and continued in version ${version}`, () => read(readFixtures(root, version), version));
    }

    for (const [index, version] of versions.slice(1).entries()) {
      test(`can be read in version ${version} by readers of version ${versions[index]}`, () => {
        const [before, after] = [versions[index], version].map((each) => readFixtures(root, each));
        if (version <= current && !isReleased(readSince[version])) {
          expect(incompatibilities(before, after, closed)).toEqual([]);
        }
      });
    }
  });
}

/** The changelog has the release: workers that read the version are deployed. */
export function isReleased(release: string | undefined, changelog = readFileSync('CHANGELOG.md', 'utf8')): boolean {
  return (
    release !== undefined &&
    changelog.split('\n').some((line) => line.startsWith(`## ${release} `) || line === `## ${release}`)
  );
}

const asJson = (records: Records) => sorted(JSON.parse(JSON.stringify(records)) as Records) as Records;

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Array.isArray(value)
    ? value.map(sorted)
    : Object.fromEntries(
        Object.entries(value)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([key, inner]) => [key, sorted(inner)]),
      );
}
