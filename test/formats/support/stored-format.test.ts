import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { incompatibilities } from './compatibility';
import { readFixtures, type Records, versionsIn, writeFixtures } from './fixtures';
import { isReleased } from './stored-format';

test('a reader of the version before handles properties that were added, at any depth', () => {
  const before = { row: { id: 'a', object: { key: 'k' }, files: [{ key: 'k' }] } };
  const after = {
    row: { id: 'b', object: { key: 'l', size: 1 }, files: [{ key: 'l', size: 1 }], new: null },
    other: {},
  };
  expect(incompatibilities(before, after, [])).toEqual([]);
});

const item = { n: { S: '1' } };

test.each<[string, Records, string[]]>([
  ['a property that was removed', { row: {}, item }, ['row.id: removed']],
  ['a property that was renamed', { row: { name: 'a' }, item }, ['row.id: removed']],
  ['a property of another type', { row: { id: 1 }, item }, ['row.id: was string, is number']],
  ['a property of another type in DynamoDB', { row: { id: 'a' }, item: { n: { N: '1' } } }, ['item.n.S: removed']],
  ['a record that is not written any more', {}, ['row: removed', 'item: removed']],
  ['a new value', { row: { id: 'a' }, item, new: { status: { S: 'lost' } } }, ['status: lost is a new value']],
])('a reader of the version before may not handle %s', (_, after, expected) => {
  const before = { row: { id: 'a' }, item };
  expect(incompatibilities(before, after, ['status'])).toEqual(expected);
});

test('an incompatible version needs a release that read it', () => {
  const changelog = '# Changelog\n\n## Unreleased\n\n## 1.2.0 (2027-01-01)\n\n## 1.1.0\n';
  expect(['1.2.0', '1.1.0', '1.1', '1.3.0', undefined].map((release) => isReleased(release, changelog))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('fixtures of a version are never rewritten', () => {
  const root = mkdtempSync(join(tmpdir(), 'formats-'));
  try {
    writeFixtures(root, 1, { row: { id: 'a' } });
    expect(() => writeFixtures(root, 1, { row: { id: 'b' } })).toThrow('never rewritten');
    writeFixtures(root, 10, { row: { id: 'c' } });
    writeFixtures(root, 2, { row: { id: 'b' } });
    expect(versionsIn(root)).toEqual([1, 2, 10]);
    expect(readFixtures(root, 1)).toEqual({ row: { id: 'a' } });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
