import { ListObjectVersionsCommand, type ObjectVersion, type S3Client } from '@aws-sdk/client-s3';
import { type SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { classify } from '../../../src/handlers/dispatch-ingress/classify';
import type { ObjectInspector } from '../../../src/handlers/dispatch-ingress/object-inspector';
import { readObjectEvent } from '../../../src/handlers/dispatch-ingress/object-event';
import { reconcile, type Reconciled } from '../../../src/handlers/dispatch-operator/reconcile';
import { Dispatcher } from '../../../src/runtime/dispatch/index.js';
import { MemoryStore } from '../../runtime/dispatch/support/memory-store';
import { ruleOf } from './support';

const PAGE_SIZE = 3;

/** A bucket that lists so many versions at a time, and a queue that registers what it is sent. */
function deployment(versions: readonly ObjectVersion[], answer: object = {}) {
  const store = new MemoryStore();
  const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve() });
  const sent: string[] = [];
  const s3 = {
    send: ({ input }: ListObjectVersionsCommand) => {
      const start = input.KeyMarker === undefined ? 0 : Number(input.VersionIdMarker);
      const more = start + PAGE_SIZE < versions.length;
      const next = more
        ? { NextKeyMarker: versions[start + PAGE_SIZE - 1].Key, NextVersionIdMarker: String(start + PAGE_SIZE) }
        : {};
      return Promise.resolve({ Versions: versions.slice(start, start + PAGE_SIZE), IsTruncated: more, ...next });
    },
  } as unknown as S3Client;
  const sqs = {
    async send({ input }: SendMessageBatchCommand) {
      for (const { MessageBody: body = '' } of input.Entries ?? []) {
        await register(body);
      }
      return answer;
    },
  } as unknown as SQSClient;
  async function register(body: string) {
    const event = readObjectEvent(body);
    if (event.kind !== 'created') {
      throw new Error('only existing objects have events');
    }
    sent.push(event.record.object.key);
    const arrival = await classify(
      event.record,
      { rules: [ruleOf('A')], unmatched: 'ignore' },
      undefined as unknown as ObjectInspector,
    );
    await dispatcher.register(arrival!);
  }
  const ask = (more: object = {}, deadline = Infinity): Promise<Reconciled> =>
    reconcile(
      { s3, sqs, store, eventQueueUrl: 'events', id: 'reconcile-1', deadline },
      {
        action: 'reconcile',
        bucket: 'inbox',
        prefix: '',
        since: '2026-11-01T00:00:00Z',
        versions: false,
        dryRun: false,
        ...more,
      },
    );
  return { ask, register, sent, store };
}

const object = (key: string, more: ObjectVersion = {}): ObjectVersion => ({
  Key: key,
  VersionId: 'null',
  IsLatest: true,
  ETag: `"${key}"`,
  Size: 1,
  LastModified: new Date('2026-11-20T08:00:00Z'),
  ...more,
});
const event = (key: string, etag = key) =>
  JSON.stringify({
    id: key,
    time: '2026-11-20T08:00:00Z',
    'detail-type': 'Object Created',
    detail: { bucket: { name: 'inbox' }, object: { key, size: 1, etag, sequencer: '01' } },
  });

test('sends the events of objects that no row knows, page by page, and of no others', async () => {
  const { ask, register, sent } = deployment([1, 2, 3, 4, 5, 6, 7].map((number) => object(`A/${number}`)));
  await register(event('A/2'));
  await register(event('A/3', 'overwritten since'));
  sent.length = 0;
  await expect(ask({ dryRun: true })).resolves.toEqual({
    listed: 7,
    missing: 6,
    examples: ['A/1', 'A/3', 'A/4', 'A/5', 'A/6', 'A/7'],
  });
  expect(sent).toEqual([]);
  await ask();
  expect(sent).toEqual(['A/1', 'A/3', 'A/4', 'A/5', 'A/6', 'A/7']);
  await expect(ask()).resolves.toMatchObject({ missing: 0 });
});

test('an event that SQS refused is an error, and the next call sends it again', async () => {
  const { ask } = deployment([object('A/1')], { Failed: [{ Id: '0', Message: 'throttled' }] });
  await expect(ask()).rejects.toThrow('SQS refused 1 events: throttled; run it again, no file is registered twice');
});

test('continues where time ran out', async () => {
  const { ask, sent } = deployment([1, 2, 3, 4, 5, 6, 7].map((number) => object(`A/${number}`)));
  const rounds: Reconciled[] = [await ask({}, 0)];
  while (rounds.at(-1)?.next !== undefined) {
    rounds.push(await ask({ after: rounds.at(-1)?.next }, 0));
  }
  expect(rounds.map(({ listed }) => listed)).toEqual([3, 3, 1]);
  expect(sent).toHaveLength(7);
});

test('an object whose late event came after it was registered from the listing is known', async () => {
  const { ask, register, store } = deployment([object('A/1')]);
  await ask();
  await register(event('A/1'));
  expect(store.files.size).toBe(1);
  await expect(ask()).resolves.toMatchObject({ missing: 0 });
});

test('leaves alone what is older than asked for, and older versions unless they are asked for', async () => {
  const { ask, store } = deployment([
    object('A/old', { LastModified: new Date('2026-10-01T00:00:00Z') }),
    object('A/1', { VersionId: 'v2' }),
    object('A/1', { VersionId: 'v1', IsLatest: false }),
  ]);
  await expect(ask()).resolves.toMatchObject({ listed: 1, missing: 1 });
  await expect(ask({ versions: true })).resolves.toMatchObject({ listed: 2, missing: 1 });
  expect([...store.files.values()].map(({ object: { versionId } }) => versionId)).toEqual(['v2', 'v1']);
});

test('stops after a number of missing objects, and continues behind the last of them', async () => {
  const { ask, sent } = deployment(['A/a', 'A/b', 'A/c', 'A/d'].map((key) => object(key)));
  const first = await ask({ limit: 2 });
  expect(first).toEqual({ listed: 2, missing: 2, examples: ['A/a', 'A/b'], next: { key: 'A/b' } });
  expect(sent).toEqual(['A/a', 'A/b']);
});

test('leaves alone what is newer than asked for', async () => {
  const { ask } = deployment([
    object('old', { LastModified: new Date('2026-11-02T00:00:00Z') }),
    object('new', { LastModified: new Date('2026-11-04T00:00:00Z') }),
  ]);
  expect(await ask({ until: '2026-11-03T00:00:00Z', dryRun: true })).toEqual({
    listed: 1,
    missing: 1,
    examples: ['old'],
  });
});
