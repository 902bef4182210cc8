import { Construct } from 'constructs';
import * as fc from 'fast-check';
import type { Arrival } from '../../../src/runtime/dispatch/events';
import { compileKeyPattern } from '../../../src/constructs/typed-dispatcher/private/key-pattern';
import type { DispatchRule, DispatchRules } from '../../../src/contract/dispatch-config';
import { classify as classifyBy } from '../../../src/handlers/dispatch-ingress/classify';
import { type ObjectEventRecord, readObjectEvent } from '../../../src/handlers/dispatch-ingress/object-event';
import { match } from '../../../src/handlers/dispatch-ingress/match';
import { type Inspectors, ObjectGone, ObjectInspector } from '../../../src/handlers/dispatch-ingress/object-inspector';

const rule = (type: string, keys: string[], more: Partial<DispatchRule> = {}): DispatchRule => ({
  type,
  keys,
  slots: 1,
  settleSeconds: 0,
  late: 'run-next',
  maxAttempts: 3,
  exhausted: 'block',
  backoffSeconds: 30,
  maxBackoffSeconds: 900,
  hangTimeoutSeconds: 900,
  maxRuntimeSeconds: 3_600,
  ...more,
});
const record = (key: string, more: object = {}): ObjectEventRecord => ({
  correlationId: 'event-1',
  time: '2026-11-21T08:00:00Z',
  object: { bucket: 'inbox', key, size: 10, sequencer: '0a', ...more },
});

interface Answers {
  readonly head?: object;
  readonly tags?: Readonly<Record<string, string>>;
  readonly function?: unknown;
  /** The call fails with this status. */
  readonly status?: number;
}

const calls: { readonly name: string; readonly input: Record<string, unknown> }[] = [];
beforeEach(() => {
  calls.length = 0;
});

/** S3 and Lambda as far as the inspector asks them. */
function inspectors({ head = {}, tags = {}, function: answer, status }: Answers = {}): Inspectors {
  const send = (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const {
      constructor: { name },
      input,
    } = command;
    calls.push({ name, input });
    if (status !== undefined) {
      return Promise.reject(Object.assign(new Error('no'), { $metadata: { httpStatusCode: status } }));
    }
    if (name === 'HeadObjectCommand') {
      return Promise.resolve(head);
    }
    if (name === 'GetObjectTaggingCommand') {
      return Promise.resolve({ TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
    }
    return Promise.resolve(
      answer instanceof Error
        ? { FunctionError: 'Unhandled', Payload: { transformToString: () => answer.message } }
        : { Payload: { transformToString: () => JSON.stringify(answer) } },
    );
  };
  return { s3: { send }, lambda: { send } } as unknown as Inspectors;
}

const classify = (
  about: ObjectEventRecord,
  rules: readonly DispatchRule[],
  answers: Answers = {},
  unmatched: DispatchRules['unmatched'] = 'ignore',
): Promise<Arrival | undefined> =>
  classifyBy(about, { rules, unmatched }, new ObjectInspector(inspectors(answers), about));

test('the first matching rule applies, and what the event contains is not requested', async () => {
  const rules = [rule('A', ['^a/.*$'], { maxSize: 5 }), rule('B', ['^x$', '^a/.*$']), rule('C', ['^.*$'])];
  await expect(classify(record('a/1'), rules)).resolves.toMatchObject({ type: 'B' });
  await expect(classify(record('a/1', { size: 5 }), rules)).resolves.toMatchObject({ type: 'A' });
  await expect(classify(record('z'), rules)).resolves.toMatchObject({ type: 'C' });
  await expect(classify(record('z'), rules.slice(0, 2))).resolves.toBeUndefined();
  expect(calls).toEqual([]);
});

test('patterns part keys as regular expressions do', async () => {
  const text = (...characters: string[]) =>
    fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(
      text('*', '**', '-', '/', 'a', '.', '|', '{x}', '{y}'),
      text('a', 'b', '-', '/', '.', '|', '\n', '😀'),
      async (pattern, key) => {
        fc.pre(key !== '' && pattern !== '' && pattern.split('{x}').length < 3 && pattern.split('{y}').length < 3);
        const { expression } = compileKeyPattern(pattern, new Construct(undefined as never, ''));
        const found = new RegExp(expression, 'su').exec(key);
        const parts = await match(rule('A', [expression]), { bucket: 'inbox', key }, undefined as never);
        expect(parts && { ...parts }).toEqual(found === null ? undefined : { ...found.groups });
      },
    ),
    { numRuns: 500 },
  );
});

test('no key makes a pattern slow, however many ways there are to part it', async () => {
  const rules = [rule('A', [String.raw`^in\/(?<a>[^/]+)-(?<b>[^/]+)-(?<c>[^/]+)-(?<d>[^/]+)\.csv$`])];
  const cpu = process.cpuUsage();
  await expect(classify(record(`in/${'-'.repeat(1_000)}`), rules)).resolves.toBeUndefined();
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1_000).toBeLessThan(2_000); // milliseconds; with RegExp 50,000
});

test('a file that no rule matches gets the type that is named for it', async () => {
  await expect(
    classify(record('z'), [rule('A', ['^a$']), rule('B', ['^b$'])], {}, { type: 'B' }),
  ).resolves.toMatchObject({ type: 'B', sequence: 'B' });
});

test.each<[string, Partial<DispatchRule>, Answers, boolean]>([
  [
    'a content type, whatever its case and parameters',
    { contentTypes: ['text/csv'] },
    { head: { ContentType: 'Text/CSV; charset=utf-8' } },
    true,
  ],
  ['a range of content types', { contentTypes: ['image/*'] }, { head: { ContentType: 'image/png' } }, true],
  ['another content type', { contentTypes: ['text/csv', 'image/*'] }, { head: { ContentType: 'text/csvx' } }, false],
  ['no content type', { contentTypes: ['text/csv'] }, {}, false],
  ['metadata', { metadata: { kind: 'invoice' } }, { head: { Metadata: { kind: 'invoice', more: '1' } } }, true],
  ['other metadata', { metadata: { kind: 'invoice' } }, { head: { Metadata: { kind: 'order' } } }, false],
  [
    'metadata named like what every object inherits',
    { metadata: { constructor: 'x' } },
    { head: { Metadata: {} } },
    false,
  ],
  ['tags', { tags: { class: 'a', team: 'b' } }, { tags: { class: 'a', team: 'b', more: '1' } }, true],
  ['not all of the tags', { tags: { class: 'a', team: 'b' } }, { tags: { class: 'a' } }, false],
  ['a function that says yes', { matchFunction: 'arn' }, { function: { match: true } }, true],
  ['a function that says no', { matchFunction: 'arn' }, { function: { match: false } }, false],
])('matches by %s', async (_, conditions, answers, matches) => {
  const arrival = await classify(record('a'), [rule('A', ['^a$'], conditions)], answers);
  expect(arrival?.type).toBe(matches ? 'A' : undefined);
});

test('asks once, only for what fits by key and size, and for the version of the event', async () => {
  const rules = [
    rule('Z', ['^z$'], { tags: { a: 'b' } }),
    rule('A', ['^a$'], { contentTypes: ['a/b'] }),
    rule('B', ['^a$'], { metadata: { a: 'b' } }),
    rule('C', ['^a$'], { tags: { a: 'b' } }),
  ];
  await classify(record('a', { versionId: 'v1' }), rules);
  await classify(record('a', { etag: 'e1' }), rules.slice(1, 2));
  expect(calls).toEqual([
    { name: 'HeadObjectCommand', input: { Bucket: 'inbox', Key: 'a', VersionId: 'v1' } },
    { name: 'GetObjectTaggingCommand', input: { Bucket: 'inbox', Key: 'a', VersionId: 'v1' } },
    { name: 'HeadObjectCommand', input: { Bucket: 'inbox', Key: 'a', IfMatch: '"e1"' } },
  ]);
});

test('a match function receives the object, and returns parts for order and sequences', async () => {
  const byFunction = rule('A', ['^(?<customer>[^/]+)/.*$'], {
    matchFunction: 'arn:f',
    sequencePart: 'customer',
    orderPart: 'number',
  });
  await expect(
    classify(record('c1/x', { versionId: 'v' }), [byFunction], { function: { match: true, parts: { number: '7' } } }),
  ).resolves.toMatchObject({ sequence: 'A/c1', order: '00000000000000000007*0000000000000000000000000000000A' });
  expect(calls.map(({ input }) => ({ ...input, Payload: JSON.parse(input.Payload as string) as unknown }))).toEqual([
    {
      FunctionName: 'arn:f',
      Payload: {
        type: 'A',
        correlationId: 'event-1',
        time: '2026-11-21T08:00:00Z',
        object: { bucket: 'inbox', key: 'c1/x', size: 10, versionId: 'v' },
      },
    },
  ]);
  await expect(classify(record('c1/x'), [byFunction], { function: { match: true } })).rejects.toThrow(
    new RangeError('the match function of type A did not return the part number'),
  );
});

test.each<[string, unknown, RegExp]>([
  ['fails', new Error('boom'), /match function of type A failed: boom/],
  ['answers nothing', null, /to return \{"match": boolean/],
  ['answers text', { match: 'yes' }, /got: \{"match":"yes"\}/],
  ['returns parts that are not strings', { match: true, parts: { a: 1 } }, /to return/],
])('throws what is tried again when a match function %s', async (_, answer, message) => {
  const asked = classify(record('a'), [rule('A', ['^a$'], { matchFunction: 'arn' })], { function: answer });
  await expect(asked).rejects.toThrow(message);
  await expect(asked).rejects.not.toBeInstanceOf(RangeError);
});

test.each([404, 405, 412])('an object that S3 answers with %d is gone', async (status) => {
  await expect(classify(record('a'), [rule('A', ['^a$'], { tags: { a: 'b' } })], { status })).rejects.toBeInstanceOf(
    ObjectGone,
  );
});

test('an object that S3 forbids to look at is not gone', async () => {
  await expect(classify(record('a'), [rule('A', ['^a$'], { metadata: { a: 'b' } })], { status: 403 })).rejects.toThrow(
    'no',
  );
});

test('the policy of the type is that of the file, in milliseconds', async () => {
  const arrival = await classifyBy(
    record('a/1'),
    { rules: [rule('A', ['^a/.*$'])], unmatched: 'ignore' },
    new ObjectInspector(inspectors(), record('a/1')),
  );
  expect(arrival?.policy).toMatchObject({
    maxAttempts: 3,
    exhausted: 'block',
    backoffMs: 30_000,
    maxBackoffMs: 900_000,
    hangTimeoutMs: 900_000,
    maxRuntimeMs: 3_600_000,
  });
});

test('a part of the key makes the sequence and the order', async () => {
  const perCustomer = rule('A', ['^(?<customer>[^/]+)/(?<number>[^/]+)\\.csv$'], {
    sequencePart: 'customer',
    orderPart: 'number',
  });
  await expect(classify(record('c#1/9.csv'), [perCustomer])).resolves.toMatchObject({
    sequence: 'A/c%231',
    order: '00000000000000000009*0000000000000000000000000000000A',
  });
  await expect(classify(record('c/ä.csv'), [perCustomer])).rejects.toThrow(RangeError);
});

test('without a part, files are ordered by their events; a type without limit has no sequence', async () => {
  const sequencer = '0000000000000000000000000000000A';
  await expect(classify(record('a'), [rule('A', ['^.*$'])])).resolves.toMatchObject({
    sequence: 'A',
    order: `2026-11-21T08:00:00.000Z.${sequencer}`,
    object: { sequencer },
    overwrite: 'latest',
  });
  await expect(classify(record('a'), [rule('A', ['^.*$'], { slots: 0 })])).resolves.not.toHaveProperty('sequence');
  await expect(
    classify(record('a', { versionId: 'v' }), [rule('A', ['^.*$'], { settleSeconds: 60 })]),
  ).resolves.toMatchObject({ overwrite: 'each', notBefore: Date.parse('2026-11-21T08:01:00Z') });
});

const event = (type: string, detail: object = {}) =>
  JSON.stringify({
    id: 'event-1',
    time: '2026-11-21T08:00:00Z',
    'detail-type': type,
    detail: { bucket: { name: 'inbox' }, object: { key: 'a b+c', size: 3, etag: 'e', sequencer: '0A' }, ...detail },
  });

test('reads what S3 says; keys are not decoded', () => {
  expect(readObjectEvent(event('Object Created'))).toEqual({
    kind: 'created',
    record: {
      correlationId: 'event-1',
      time: '2026-11-21T08:00:00Z',
      object: { bucket: 'inbox', key: 'a b+c', size: 3, etag: 'e', sequencer: `${'0'.repeat(31)}A` },
    },
  });
  expect(readObjectEvent(event('Object Deleted', { 'deletion-type': 'Permanently Deleted' })).kind).toBe('deleted');
  expect(readObjectEvent(event('Object Deleted', { 'deletion-type': 'Delete Marker Created' })).kind).toBe('hidden');
});

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['another event', event('Object Restore Completed')],
  ['no detail', '{"id":"1"}'],
  ['no object', event('Object Created', { object: null })],
  ['a key that is no text', event('Object Created', { object: { key: 7 } })],
  ['an empty key', event('Object Created', { object: { key: '' } })],
  [
    'a time that is none',
    JSON.stringify({ ...(JSON.parse(event('Object Created')) as object), time: '2026-11-21T08:00:0west' }),
  ],
  ['half a character', event('Object Created', { object: { key: '\ud800' } })],
  [
    'a type that no text can be made of',
    JSON.stringify({
      ...(JSON.parse(event('Object Created')) as object),
      'detail-type': { toString: null, valueOf: null },
    }),
  ],
  ['a sequencer that is none', event('Object Created', { object: { key: 'a', sequencer: 'zz' } })],
])('throws a RangeError for %s', (_, body) => {
  expect(() => readObjectEvent(body)).toThrow(RangeError);
});
