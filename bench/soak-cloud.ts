// The quickstart on the local cloud for some minutes: archives arrive all the time, and every few seconds a worker is
// killed or its Spot capacity interrupted. Every archive must be unpacked completely, and each entry stored once: the
// results bucket keeps versions, so a second write of a key is detected.
// `npm run bench -- soak-cloud [--seconds 180] [--json]`; needs `npm run artifacts -- js`.
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud } from 'fileworks-local';
import { installWorker, synthExample } from '../build-tools/examples.ts';
import { tools } from '../build-tools/steps.ts';
import { buildZip } from '../test/support/zip-builder.ts';

const seconds = process.argv.includes('--seconds') ? Number(process.argv[process.argv.indexOf('--seconds') + 1]) : 180;
const ARCHIVE_EVERY_MS = 800;
const TROUBLE_EVERY_MS = 6_000;
/**
 * The scheduler of ECS counts a task that lived for less than ten seconds as failed to start, and waits longer before
 * the next one.
 */
const GROWN_UP_MS = 12_000;
const ENDS_WITHIN_MS = 240_000;
const CONTROL = 'control';

const worker = await installWorker('quickstart');
const app = await synthExample('typescript', 'quickstart', join(tools, 'soak', 'cdk.out'));
const cloud = await LocalCloud.start({
  app,
  tasks: { tasks: [{ family: '*', command: ['node', 'main.ts'], cwd: worker }] },
  speed: 60,
});
const s3 = new S3Client(cloud.clientConfig());
const sqs = new SQSClient(cloud.clientConfig());
const { IncomingBucket = '', ResultsBucket = '', QueueUrl = '' } = cloud.outputs('Quickstart');

async function messagesOf(queueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}

async function deadLetters(): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
  );
  const { deadLetterTargetArn } = JSON.parse(Attributes.RedrivePolicy ?? '{}') as { deadLetterTargetArn: string };
  const { QueueUrl: deadLetterQueueUrl = '' } = await sqs.send(
    new GetQueueUrlCommand({ QueueName: deadLetterTargetArn.split(':').at(-1) }),
  );
  return messagesOf(deadLetterQueueUrl);
}

/** How often each key of the results bucket was written. */
async function writes(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await s3.send(
      new ListObjectVersionsCommand({
        Bucket: ResultsBucket,
        KeyMarker: page?.NextKeyMarker,
        VersionIdMarker: page?.NextVersionIdMarker,
      }),
    );
    page.Versions?.forEach(({ Key = '' }) => counts.set(Key, (counts.get(Key) ?? 0) + 1));
  } while (page.IsTruncated === true);
  return counts;
}

const sent = new Map<string, number>();
async function sendArchive(): Promise<void> {
  const name = `archive-${sent.size}.zip`;
  const entries = 5 + Math.floor(Math.random() * 75);
  const { bytes } = buildZip(
    Array.from({ length: entries }, (_, n) => ({ name: `${n}.txt`, content: `${name} ${n}\n`.repeat(50) })),
  );
  sent.set(name, entries);
  await s3.send(new PutObjectCommand({ Bucket: IncomingBucket, Key: `incoming/${name}`, Body: bytes }));
}

const faults = { killed: 0, interrupted: 0 };
async function makeTrouble(): Promise<void> {
  const grownUp = cloud
    .tasks()
    .filter(
      ({ lastStatus, desiredStatus, startedAt }) =>
        lastStatus === 'RUNNING' &&
        desiredStatus === 'RUNNING' &&
        Date.now() - Date.parse(startedAt ?? '') > GROWN_UP_MS,
    );
  const [victim] = grownUp.sort(() => Math.random() - 0.5);
  if (grownUp.length === 0) {
    return;
  }
  if (Math.random() < 0.5) {
    cloud.faults.kill(victim.taskArn);
    faults.killed += 1;
  } else {
    await cloud.faults.interruptSpot(victim.taskArn);
    faults.interrupted += 1;
  }
}

try {
  for (const body of ['once', 'twice']) {
    await s3.send(new PutObjectCommand({ Bucket: ResultsBucket, Key: CONTROL, Body: body }));
  }
  const end = Date.now() + seconds * 1_000;
  let nextTrouble = Date.now() + GROWN_UP_MS;
  while (Date.now() < end) {
    await Promise.all([sendArchive(), pause(ARCHIVE_EVERY_MS)]);
    if (Date.now() >= nextTrouble) {
      nextTrouble = Date.now() + TROUBLE_EVERY_MS;
      await makeTrouble();
    }
  }
  const giveUpAt = Date.now() + ENDS_WITHIN_MS;
  // EventBridge delivers to the queue a moment after the object is stored.
  for (let quiet = 0; quiet < 3 && Date.now() < giveUpAt; quiet = (await messagesOf(QueueUrl)) === 0 ? quiet + 1 : 0) {
    await pause(1_000);
  }

  const counts = await writes();
  // Proves that the count detects a second write.
  const seesTwice = counts.get(CONTROL) === 2;
  counts.delete(CONTROL);
  const dead = await deadLetters();
  const left = await messagesOf(QueueUrl);
  const isWhole = ([name, entries]: [string, number]) =>
    counts.has(`manifests/${name}.json`) &&
    Array.from({ length: entries }, (_, n) => counts.has(`entries/${name}/${n}.txt`)).every(Boolean);
  const whole = [...sent].filter(isWhole).length;
  const twice = [...counts].filter(([, times]) => times > 1).map(([key]) => key);
  const stopped = cloud.tasks().filter(({ lastStatus }) => lastStatus === 'STOPPED');
  const exits = new Map<string, number>();
  for (const {
    containers: [container],
  } of stopped) {
    const code = String(container.exitCode);
    exits.set(code, (exits.get(code) ?? 0) + 1);
  }
  const lost = sent.size - whole - dead;
  const ok = seesTwice && lost === 0 && dead === 0 && twice.length === 0 && left === 0;
  if (process.argv.includes('--json')) {
    console.log(
      JSON.stringify({
        bench: 'soak-cloud',
        case: `${seconds} s on the local cloud`,
        metric: 'lost',
        ours: lost,
        peers: {},
        limit: 0,
        goal: 0,
        ok,
      }),
    );
  } else {
    console.log(
      `archives sent ${sent.size}, unpacked whole ${whole}, dead-letter messages ${dead}, left on the queue ${left}`,
    );
    console.log(`objects stored ${counts.size}, stored more than once ${twice.length}`);
    console.log(
      `workers killed ${faults.killed}, Spot interruptions ${faults.interrupted}; exit codes of workers: ${[...exits]
        .map(([code, times]) => `${code} ${times} times`)
        .join(', ')}`,
    );
    console.log(ok ? 'nothing lost, nothing stored twice' : 'NOT AS IT SHOULD BE');
  }
  process.exitCode = ok ? 0 : 1;
} finally {
  await cloud.stop();
}
