import type { DispatchRule } from '../../../src/contract/dispatch-config';
import { classify, type ObjectNews } from '../../../src/handlers/dispatch-ingress/classify';
import { readObjectEvent } from '../../../src/handlers/dispatch-ingress/object-event';

const rule = (type: string, keys: string[], more: Partial<DispatchRule> = {}): DispatchRule => ({
  type, keys, slots: 1, settleSeconds: 0, late: 'run-next', maxAttempts: 3, exhausted: 'block', backoffSeconds: 30, maxBackoffSeconds: 900, hangTimeoutSeconds: 900, maxRuntimeSeconds: 3_600, ...more,
});
const news = (key: string, more: object = {}): ObjectNews => ({ correlationId: 'event-1', time: '2026-11-21T08:00:00Z', object: { bucket: 'inbox', key, size: 10, sequencer: '0a', ...more } });

test('the first rule that matches counts', () => {
  const rules = [rule('A', ['^a/.*$'], { maxSize: 5 }), rule('B', ['^x$', '^a/.*$']), rule('C', ['^.*$'])];
  expect(classify(news('a/1'), rules)?.type).toBe('B');
  expect(classify(news('a/1', { size: 5 }), rules)?.type).toBe('A');
  expect(classify(news('z'), rules)?.type).toBe('C');
  expect(classify(news('z'), rules.slice(0, 2))).toBeUndefined();
});

test('a part of the key makes the sequence and the order', () => {
  const perCustomer = rule('A', ['^(?<customer>[^/]+)/(?<number>[^/]+)\\.csv$'], { sequencePart: 'customer', orderPart: 'number' });
  expect(classify(news('c#1/9.csv'), [perCustomer])).toMatchObject({ sequence: 'A/c%231', order: '00000000000000000009' });
  expect(() => classify(news('c/ä.csv'), [perCustomer])).toThrow(RangeError);
});

test('without a part, files are ordered by their events; a type without limit has no sequence', () => {
  const sequencer = '0000000000000000000000000000000A';
  expect(classify(news('a'), [rule('A', ['^.*$'])])).toMatchObject({ sequence: 'A', order: `2026-11-21T08:00:00.000Z.${sequencer}`, object: { sequencer }, overwrite: 'latest' });
  expect(classify(news('a'), [rule('A', ['^.*$'], { slots: 0 })])).not.toHaveProperty('sequence');
  expect(classify(news('a', { versionId: 'v' }), [rule('A', ['^.*$'], { settleSeconds: 60 })])).toMatchObject({ overwrite: 'each', notBefore: Date.parse('2026-11-21T08:01:00Z') });
});

const event = (type: string, detail: object = {}) => JSON.stringify({
  'id': 'event-1', 'time': '2026-11-21T08:00:00Z', 'detail-type': type, 'detail': { bucket: { name: 'inbox' }, object: { key: 'a b+c', size: 3, etag: 'e', sequencer: '0A' }, ...detail },
});

test('reads what S3 says; keys are not decoded', () => {
  expect(readObjectEvent(event('Object Created'))).toEqual({
    kind: 'created', news: { correlationId: 'event-1', time: '2026-11-21T08:00:00Z', object: { bucket: 'inbox', key: 'a b+c', size: 3, etag: 'e', sequencer: `${'0'.repeat(31)}A` } },
  });
  expect(readObjectEvent(event('Object Deleted', { 'deletion-type': 'Permanently Deleted' })).kind).toBe('deleted');
  expect(readObjectEvent(event('Object Deleted', { 'deletion-type': 'Delete Marker Created' })).kind).toBe('hidden');
});

test.each([
  ['no JSON', '{'], ['null', 'null'], ['a list', '[]'], ['another event', event('Object Restore Completed')], ['no detail', '{"id":"1"}'], ['no object', event('Object Created', { object: null })],
  ['a key that is no text', event('Object Created', { object: { key: 7 } })], ['an empty key', event('Object Created', { object: { key: '' } })],
  ['a sequencer that is none', event('Object Created', { object: { key: 'a', sequencer: 'zz' } })],
])('throws a RangeError for %s', (_, body) => {
  expect(() => readObjectEvent(body)).toThrow(RangeError);
});
