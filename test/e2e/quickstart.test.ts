import { resolve } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { privilegeFindings, resends } from '../least-privilege/findings';
import { type Cloud, type Task, test, testLocally } from './support/clouds/cloud';
import { deploymentOf, until } from './support/deployment';
import { loseAnEventOfEach } from './support/lost-events';
import { zip } from './support/zip';

const app = resolve(__dirname, '..', '..', 'build', 'e2e', 'quickstart');

/** The same archive with one bit of its first entry's content flipped. */
function damaged(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy.writeUInt8(copy.readUInt8(60) ^ 0x10, 60);
  return copy;
}

describe('the quickstart', () => {
  let cloud: Cloud;
  let s3: S3Client;
  let sqs: SQSClient;
  let incoming: string;
  let results: string;
  let queueUrl: string;
  let deadLetterQueueUrl: string;
  let killed: string | undefined;

  beforeAll(async () => {
    cloud = await deploymentOf('quickstart');
    s3 = new S3Client(cloud.clientConfig());
    sqs = new SQSClient(cloud.clientConfig());
    ({
      IncomingBucket: incoming = '',
      ResultsBucket: results = '',
      QueueUrl: queueUrl = '',
    } = cloud.outputs('Quickstart'));
    const resources = Object.entries(cloud.resources('Quickstart'));
    deadLetterQueueUrl = resources.find(([id]) => /^UnpackerDeadLetterQueue[0-9A-F]{8}$/.test(id))![1]!;
  }, 600_000);

  afterAll(async () => {
    await cloud.stop();
  }, 60_000);

  const put = (key: string, body: Uint8Array) =>
    s3.send(new PutObjectCommand({ Bucket: incoming, Key: key, Body: body }));
  const manifest = async (name: string) =>
    s3.send(new GetObjectCommand({ Bucket: results, Key: `manifests/${name}.json` })).then(
      async ({ Body }) => JSON.parse(await Body!.transformToString()) as { stored: { key: string }[] },
      () => undefined,
    );
  const keys = async (prefix: string) =>
    (await s3.send(new ListObjectsV2Command({ Bucket: results, Prefix: prefix }))).Contents?.map(({ Key }) => Key!) ??
    [];
  /** Running tasks that are not stopping. */
  const running = async () =>
    (await cloud.tasks()).filter(
      ({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING',
    );
  const logOf = async () => (await Promise.all((await cloud.tasks()).map((task) => cloud.log(task)))).join('\n');

  const deadLetterMessages = async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    return messages;
  };

  test('starts nothing for a folder marker, an empty object, another suffix and another prefix', async () => {
    const nothing = new Uint8Array();
    await Promise.all([
      put('incoming/folder.zip/', nothing),
      put('incoming/empty.zip', nothing),
      put('incoming/notes.txt', zip(1, 'a')),
      put('elsewhere/a.zip', zip(1, 'a')),
    ]);
    await put('incoming/witness.zip', zip(2, 'witness'));
    await until('the manifest of an archive that came after them', 90, () => manifest('witness.zip'));
    expect(await keys('')).toEqual([
      'entries/witness.zip/folder/0.txt',
      'entries/witness.zip/folder/1.txt',
      'manifests/witness.zip.json',
    ]);
    expect(await logOf()).not.toMatch(/empty\.zip|folder\.zip|notes\.txt|elsewhere/);
  }, 120_000);

  test('stores every entry of an archive whose key is awkward, byte for byte', async () => {
    const name = 'Ünïcode + spaces & (brackets) %41.ZIP';
    // More than a page of 500 results, so that a page is written meanwhile and deleted at the end
    await put(`incoming/${name}`, zip(600, 'content'));
    const { stored } = await until('its manifest', 60, () => manifest(name));
    expect(stored).toHaveLength(600);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: results, Key: `entries/${name}/folder/599.txt` }));
    expect(await Body!.transformToString()).toBe('content 599\n'.repeat(100));
  }, 90_000);

  test('a corrupt archive goes to the dead-letter queue after its attempts, with its reason in the log and the alarm in ALARM, and delays no other file', async () => {
    await put('incoming/corrupt.zip', damaged(zip(3, 'corrupt')));
    await Promise.all(Array.from({ length: 6 }, (_, i) => put(`incoming/good-${i}.zip`, zip(20, `good ${i}`))));
    for (let i = 0; i < 6; i++) {
      await until(`the manifest of good-${i}.zip`, 60, () => manifest(`good-${i}.zip`));
    }

    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }),
    );
    const { maxReceiveCount } = JSON.parse(Attributes!.RedrivePolicy!) as { maxReceiveCount: number };
    const deadLetterMessage = await until('the dead-letter message', 120, async () => (await deadLetterMessages())[0]);
    expect(JSON.parse(deadLetterMessage.Body!)).toMatchObject({ detail: { object: { key: 'incoming/corrupt.zip' } } });
    // The worker sent it there with its reason, as a new message
    const { 'fileworks-source-message-id': source, 'fileworks-poison-reason': reason } =
      deadLetterMessage.MessageAttributes!;
    expect(reason.StringValue).toMatch(/^failed \d+ times: /);
    const messageId = source.StringValue;
    // The log of an account arrives later
    const [failed, released] = await until('its attempts in the log', 30, async () => {
      const lines = (await logOf()).split('\n').filter((line) => line.includes(messageId!));
      const found = [
        lines.filter((line) => line.includes('corrupt.zip') && line.includes('ERR_ZIP_')),
        // A worker that is scaled in releases messages that it has not started: for SQS these are attempts.
        lines.filter((line) => line.includes('released before they started')),
      ];
      return found.flat().length >= maxReceiveCount ? found : undefined;
    });
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(maxReceiveCount);
    // A message that is released after its last receive is sent anew.
    expect(failed.length + released.length).toBeGreaterThanOrEqual(maxReceiveCount);
    await until('the dead-letter alarm', 60, async () =>
      (await cloud.alarms()).find(({ logicalId, state }) => /DeadLetter/.test(logicalId) && state === 'ALARM'),
    );
    expect(await keys('manifests/corrupt')).toEqual([]);
  }, 240_000);

  test('a message without an object is in the dead-letter queue at once', async () => {
    const { MessageId: id } = await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: '{"a":1}' }));
    const moved = await until('its dead-letter message', 60, async () =>
      (await deadLetterMessages()).find(({ Body }) => Body === '{"a":1}'),
    );
    // Not by its redrive policy, after all attempts: the worker sent it there
    expect(moved.MessageId).not.toBe(id);
    await until('its line in the log', 30, async () => (await logOf()).includes(id!) || undefined);
  }, 90_000);

  testLocally('ECS kills no task without SIGTERM')(
    'another worker processes the files of a killed one',
    async () => {
      const names = Array.from({ length: 8 }, (_, i) => `kill-${i}.zip`);
      await Promise.all(names.map((name) => put(`incoming/${name}`, zip(300, name))));
      killed = (await until('a running worker', 60, async () => (await running())[0])).taskArn;
      cloud.local!.faults.kill(killed);
      for (const name of names) {
        expect((await until(`the manifest of ${name}`, 120, () => manifest(name))).stored).toHaveLength(300);
      }
      expect((await cloud.tasks()).find(({ taskArn }) => taskArn === killed)?.containers[0]?.exitCode).toBe(137);
    },
    240_000,
  );

  test('scales in to no task without work, each stopped worker with exit code 0', async () => {
    await until(
      'no task',
      180,
      async () => (await cloud.tasks()).every(({ lastStatus }) => lastStatus === 'STOPPED') || undefined,
    );
    const others = (await cloud.tasks()).filter(({ taskArn }) => taskArn !== killed);
    expect(others.length).toBeGreaterThan(0);
    // A task may be stopped before its process listens for SIGTERM
    const hasBegun = async (task: Task) => (await cloud.log(task)).includes('worker is running');
    const begun = await Promise.all(others.map(hasBegun));
    expect(begun).toContain(true);
    expect(others.map(({ stopCode, containers }) => [stopCode, containers[0]?.exitCode])).toEqual(
      begun.map((one) => ['ServiceSchedulerInitiated', one ? 0 : 143]),
    );
  }, 240_000);

  testLocally('an account has no list of all calls at once')(
    'records the role of each call',
    () => {
      const byWorker = new Set(
        cloud
          .local!.calls()
          .filter(({ role }) => role?.includes('UnpackerTask'))
          .map(({ action }) => action),
      );
      expect([...byWorker]).toEqual(
        expect.arrayContaining([
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          's3:GetObject',
          's3:PutObject',
          'ecs:UpdateTaskProtection',
        ]),
      );
    },
    5_000,
  );

  testLocally('it injects faults')(
    'an event that its target refuses is in the dead-letter queue of the target',
    async () => {
      expect(await loseAnEventOfEach(cloud.local!)).toEqual(['IngestArchivesRule']);
    },
    120_000,
  );

  testLocally('an account does not say which statement allowed a call')(
    'every role has the permissions that its process used, and no others',
    async () => {
      expect(
        await privilegeFindings(cloud.local!, app, [
          resends('UnpackerTask'),
          {
            role: 'UnpackerTask',
            action: 's3:AbortMultipartUpload',
            because: 'an entry that needs parts may fail between them; these entries need none',
          },
          {
            role: 'UnpackerTask',
            action: 's3:GetObjectVersion',
            because: 'a handler may read the version that its event names; this one reads the newest',
          },
        ]),
      ).toEqual([]);
    },
    30_000,
  );
});
