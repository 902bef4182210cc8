import fc from 'fast-check';
import { fileId, isOlder, normalizeSequencer, orderByPart, orderByTime } from '../../../src/runtime/dispatch/index.js';
import { sequenceOf } from '../../../src/runtime/dispatch/identity.js';
import { appendedOrder, withTieBreak } from '../../../src/runtime/dispatch/order.js';

const hex = fc.stringMatching(/^[0-9a-fA-F]{1,32}$/);

test('sequencers compare as the numbers that they are', () => {
  fc.assert(
    fc.property(hex, hex, (one, other) => {
      expect(isOlder(normalizeSequencer(one), normalizeSequencer(other))).toBe(
        BigInt(`0x${one}`) < BigInt(`0x${other}`),
      );
    }),
  );
});

test.each(['', 'xyz', '0'.repeat(33), '12 34'])('throws for the sequencer %j', (sequencer) => {
  expect(() => normalizeSequencer(sequencer)).toThrow(RangeError);
});

test('a missing sequencer decides nothing', () => {
  expect(isOlder(undefined, '1')).toBe(false);
  expect(isOlder('1', undefined)).toBe(false);
});

test('a file has one id, whatever the case and the padding of its sequencer', () => {
  const object = { bucket: 'inbox', key: 'a/1.csv' };
  const id = fileId({ ...object, sequencer: '617f08299329d189' }, '2026-11-21T08:00:00Z');
  expect(fileId({ ...object, sequencer: '00617F08299329D189', etag: 'x' }, '2026-11-21T09:00:00Z')).toBe(id);
  expect(id).toMatch(/^[a-z2-7]{52}$/);
  expect(fileId({ ...object, sequencer: '617f08299329d18a' }, '2026-11-21T08:00:00Z')).not.toBe(id);
  expect(fileId({ ...object, versionId: 'v1', sequencer: '617f08299329d189' }, '2026-11-21T08:00:00Z')).not.toBe(id);
});

test('ids of different objects differ', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (bucket, key, otherBucket, otherKey) => {
      fc.pre(
        !`${bucket}${key}${otherBucket}${otherKey}`.includes('\0') && (bucket !== otherBucket || key !== otherKey),
      );
      expect(fileId({ bucket, key, versionId: 'v' }, '')).not.toBe(
        fileId({ bucket: otherBucket, key: otherKey, versionId: 'v' }, ''),
      );
    }),
  );
});

test('the name of a sequence fits into the keys of the stores, and differs for each part', () => {
  expect(sequenceOf('A', 'müller')).toBe('A/m%C3%BCller');
  const long = (end: string) => sequenceOf('A', `${'株'.repeat(200)}${end}`);
  expect(long('1').length).toBeLessThanOrEqual(960);
  expect(long('1')).not.toBe(long('2'));
  expect(sequenceOf('A', 'x'.repeat(958))).toBe(`A/${'x'.repeat(958)}`);
});

test('parts of a key are ordered with their numbers as numbers', () => {
  expect(['10', '9', '0100', '2026-11-21_2', '2026-11-21_10'].map(orderByPart).sort()).toEqual(
    ['9', '10', '0100', '2026-11-21_2', '2026-11-21_10'].map(orderByPart),
  );
});

test('versions of a key with the same part are ordered by their sequencers, and files without one by their time', () => {
  const at = (second: number) => `2026-11-21T08:00:0${second}Z`;
  const tied = (part: string, time: string, sequencer?: string) => withTieBreak(orderByPart(part), time, sequencer);
  const inOrder = [
    tied('9', at(5), '62'),
    tied('10', at(2), '0062'),
    tied('10', at(1), '63'),
    tied('10', at(1)),
    tied('10', at(2)),
    appendedOrder(tied('10', at(2)), 1),
    tied('10-b', at(0), '01'),
    tied('100', at(0), '01'),
  ];
  expect([...inOrder].sort()).toEqual(inOrder);
});

test('numbers of any length are compared as numbers, and too many of them are refused', () => {
  const numbers = ['7', `${'0'.repeat(30)}8`, '9'.repeat(20), `1${'0'.repeat(20)}`, '9'.repeat(21), '9'.repeat(100)];
  expect(numbers.map(orderByPart).sort()).toEqual(numbers.map(orderByPart));
  expect(() => orderByPart(Array.from({ length: 64 }, () => '1').join('.'))).toThrow(/about 45 numbers at most/);
});

test.each(['', 'a b', 'x'.repeat(129), 'ä'])('throws for the part %j', (part) => {
  expect(() => orderByPart(part)).toThrow(RangeError);
});

test('throws for an event without a time', () => {
  expect(() => orderByTime('yesterday')).toThrow(RangeError);
});

test('an appended order comes after what it is appended to and before what follows that', () => {
  const part = fc.stringMatching(/^[0-9A-Za-z._:-]{1,20}$/);
  fc.assert(
    fc.property(
      part,
      part,
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 1, max: 1e9 }),
      (one, other, first, second) => {
        const appended = appendedOrder(one, first);
        expect(appended > one).toBe(true);
        if (other > one) {
          expect(appended < other).toBe(true);
        }
        expect(appendedOrder(appended, second) > appended).toBe(second > first);
      },
    ),
  );
});
