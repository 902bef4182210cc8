import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Json } from './support/fixtures';
import { describeFormat } from './support/stored-format';
import { QueueHost } from '../../src/handlers/shared/queue-host';
import type { FileRow } from '../../src/runtime/dispatch/index.js';
import { readDownloadTask, sendDownloadTasks } from '../../src/runtime/jobs/export/export-messages.js';
import { wakeWorker } from '../../src/runtime/jobs/wake-worker.js';
import { type Job, type JobContext, type JobHandler, QueuePoller } from '../../src/runtime/queue/index.js';
import { readResent, resendOf } from '../../src/runtime/queue/resend.js';
import { InMemoryQueues, ManualClock } from '../../src/runtime/testing/index.js';

const object = { bucket: 'inbox', key: 'in/a.csv', size: 7, etag: 'e', versionId: 'v1', sequencer: '0A' };
const row = { id: 'file-1', type: 'orders', epoch: 2, fence: 5, object, correlationId: 'event-1' } as FileRow;
const task = {
  version: 1 as const,
  jobId: 'job-1',
  number: 3,
  file: { id: 'f', url: 'https://api/f', size: 7, sha256: 'a'.repeat(64) },
};

interface Sent {
  readonly MessageBody?: string;
  readonly Entries?: readonly { readonly MessageBody: string }[];
}

/** Bodies that were sent with a client. */
async function bodiesOf(send: (client: SQSClient) => Promise<unknown>): Promise<string[]> {
  const bodies: string[] = [];
  const client = {
    send({ input: { MessageBody: body, Entries: entries = [] } }: { readonly input: Sent }) {
      bodies.push(...(body === undefined ? entries.map(({ MessageBody: each }) => each) : [body]));
      return Promise.resolve({});
    },
  };
  await send(client as unknown as SQSClient);
  return bodies;
}

/** Delivers a message to a worker; returns the bodies that the worker sent, and those on the dead-letter queue. */
async function deliver(body: string, handler: JobHandler) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const deadLetterQueue = queues.create('dead-letters');
  const queue = queues.create('jobs', { deadLetterQueue });
  const sent = jest.spyOn(queues, 'send');
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, maxReceiveCount: 3, deadLetterQueueUrl: deadLetterQueue.url }],
    transport: queues,
    clock,
    shutdown: { stopTimeoutSeconds: 30, releaseReserveSeconds: 6 },
  });
  queue.send(body);
  await poller.start();
  await clock.advance(5_000);
  const stopped = poller.stop();
  await clock.advance(60_000);
  await stopped;
  const bodies = sent.mock.calls.flat().flatMap((value) => (typeof value === 'object' ? [value.body] : []));
  return { bodies, deadLetters: deadLetterQueue.messages.length, left: queue.messages.length };
}

const message = { messageId: 'id-1', receiptHandle: 'r', body: '{}', receiveCount: 2, sentAt: 1_764_460_800_000 };

const parsed = (body: string) => JSON.parse(body) as Json;

describeFormat({
  name: 'job-messages',
  async write() {
    const queues = { orders: { queueUrl: 'https://sqs/orders', fifo: false } };
    const [turn] = await bodiesOf((client) => new QueueHost({ client, queues }).launch(row));
    const [download] = await bodiesOf((sqs) => sendDownloadTasks(sqs, 'https://sqs/downloads', [task], 'event-1'));
    const [wake] = await bodiesOf((client) => wakeWorker(client, 'https://sqs/wake-up.fifo'));
    const handler: JobHandler = (_, context) =>
      context.generation === 0 ? context.handOff({ page: 1 }) : Promise.resolve();
    const { bodies } = await deliver(turn, handler);
    return {
      'file-turn': parsed(turn),
      'download-task': parsed(download),
      'wake-up': parsed(wake),
      continuation: parsed(bodies[0]),
      resent: parsed(resendOf({ ...message, attributes: {} }, 1)?.attributes?.['fileworks-resent']?.StringValue ?? ''),
    };
  },
  async read({ 'file-turn': turn, 'download-task': download, continuation, resent }, version) {
    // Version 1 is older than this attribute.
    if (version > 1) {
      const attributes = { 'fileworks-resent': { DataType: 'String', StringValue: JSON.stringify(resent) } };
      expect(readResent({ ...message, messageId: 'id-2', attributes }).resent).toEqual({
        id: 'id-1',
        sentAt: message.sentAt,
        attempts: 1,
      });
    }
    const seen: [Job, JobContext['state']][] = [];
    const handler: JobHandler = (job, { state }) => Promise.resolve(void seen.push([job, state]));
    for (const message of [turn, download, continuation]) {
      expect(await deliver(JSON.stringify(message), handler)).toMatchObject({ deadLetters: 0, left: 0 });
    }
    const payload = { fileId: 'file-1', epoch: 2, fence: 5 };
    expect(seen).toMatchObject([
      [{ body: payload, objects: [object], type: 'orders' }, undefined],
      [{ type: 'DownloadTask' }, undefined],
      [{ body: payload, objects: [object], type: 'orders' }, { page: 1 }],
    ]);
    expect(readDownloadTask(seen[1][0].body)).toEqual(task);
  },
});

test.each([
  { fileworksJob: 2, name: 'orders' },
  { fileworksContinuation: 2, correlationId: 'event-1', first: '{}' },
])('sends %j, of a newer version, to the dead-letter queue', async (message) => {
  const handler = jest.fn<Promise<void>, []>();
  expect(await deliver(JSON.stringify(message), handler)).toMatchObject({ deadLetters: 1, left: 0 });
  expect(handler).not.toHaveBeenCalled();
});

test('a download task of a newer version is retried', () => {
  expect(() => readDownloadTask({ version: 2, task: {} })).toThrow('version 2 needs a newer worker');
});
