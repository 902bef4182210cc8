import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud, LocalTask } from 'fileworks-local';
import { privilegeFindings } from '../least-privilege/findings';
import { startDeployment, until } from './support/deployment';
import { loseAnEventOfEach } from './support/lost-events';
import { zip } from './support/zip';

const app = resolve(__dirname, '..', '..', 'build', 'e2e', 'quickstart');

/** The same archive with one bit of its first entry's content flipped. */
function damaged(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy.writeUInt8(copy.readUInt8(60) ^ 0x10, 60);
  return copy;
}

describe('the quickstart on the local cloud', () => {
  let cloud: LocalCloud;
  let s3: S3Client;
  let sqs: SQSClient;
  let incoming: string;
  let results: string;
  let queueUrl: string;
  let deadLetterQueueUrl: string;
  let killed: string;

  beforeAll(async () => {
    cloud = await startDeployment('quickstart');
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
  const running = () =>
    cloud.tasks().filter(({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING');
  const logOf = () =>
    cloud
      .tasks()
      .flatMap(({ processes }) => processes.map(({ log }) => readFileSync(log, 'utf8')))
      .join('\n');

  const deadLetterMessages = async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageSystemAttributeNames: ['All'],
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
    expect(logOf()).not.toMatch(/empty\.zip|folder\.zip|notes\.txt|elsewhere/);
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
    const { MessageId: messageId } = deadLetterMessage;
    const lines = logOf()
      .split('\n')
      .filter((line) => line.includes(messageId!));
    const failed = lines.filter((line) => line.includes('corrupt.zip') && line.includes('ERR_ZIP_'));
    // A worker that is scaled in releases messages that it has not started: for SQS these are attempts.
    const released = lines.filter((line) => line.includes('released before they started'));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length + released.length).toBe(maxReceiveCount);
    await until('the dead-letter alarm', 60, () =>
      cloud.alarms().find(({ logicalId, state }) => /DeadLetter/.test(logicalId) && state === 'ALARM'),
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
    expect(logOf()).toContain(id);
  }, 90_000);

  test('another worker processes the files of a killed one', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `kill-${i}.zip`);
    await Promise.all(names.map((name) => put(`incoming/${name}`, zip(300, name))));
    killed = (await until('a running worker', 60, () => running()[0])).taskArn;
    cloud.faults.kill(killed);
    for (const name of names) {
      expect((await until(`the manifest of ${name}`, 120, () => manifest(name))).stored).toHaveLength(300);
    }
    expect(cloud.tasks().find(({ taskArn }) => taskArn === killed)?.containers[0]?.exitCode).toBe(137);
  }, 240_000);

  test('scales in to no task without work, each stopped worker with exit code 0', async () => {
    await until('no task', 180, () => cloud.tasks().every(({ lastStatus }) => lastStatus === 'STOPPED') || undefined);
    const others = cloud.tasks().filter(({ taskArn }) => taskArn !== killed);
    expect(others.length).toBeGreaterThan(0);
    // A task may be stopped before its process listens for SIGTERM
    const hasBegun = ({ processes }: LocalTask) => readFileSync(processes[0].log, 'utf8').includes('worker is running');
    expect(others.filter(hasBegun).length).toBeGreaterThan(0);
    expect(others.map(({ stopCode, containers }) => [stopCode, containers[0]?.exitCode])).toEqual(
      others.map((task) => ['ServiceSchedulerInitiated', hasBegun(task) ? 0 : 143]),
    );
  }, 240_000);

  test('records the role of each call', () => {
    const byWorker = new Set(
      cloud
        .calls()
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
  });

  test('an event that its target refuses is in the dead-letter queue of the target', async () => {
    expect(await loseAnEventOfEach(cloud)).toEqual(['IngestArchivesRule']);
  }, 120_000);

  test('every role has the permissions that its process used, and no others', async () => {
    expect(
      await privilegeFindings(cloud, app, [
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
  });
});
