import { SQSClient } from '@aws-sdk/client-sqs';
import { wakeWorker } from '../../../src/runtime/jobs/wake-worker.js';

const url = 'https://sqs.eu-west-1.amazonaws.com/111122223333/wake-up.fifo';

test('sends the one message that content-based deduplication knows', async () => {
  const client = new SQSClient();
  const send = jest.fn((command: { readonly input: unknown }) => Promise.resolve(command));
  Object.assign(client, { send });

  await wakeWorker(client, url);

  expect(send.mock.calls.map(([command]) => command.input)).toEqual([
    { QueueUrl: url, MessageBody: '{"wakeUp":true}', MessageGroupId: 'wake-up' },
  ]);
});

test('fails with an AbortError when it is aborted', async () => {
  const client = new SQSClient({
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:9',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  });
  await expect(wakeWorker(client, url, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});
