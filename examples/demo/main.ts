// The demo: processes real ZIP files with the quickstart's template on the local cloud, and kills one worker meanwhile.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud, LocalCloudError } from 'fileworks-local';
import { record } from '../../build-tools/results.ts';
import { type Archive, prepare } from './prepare.ts';
import { deadLetterQueueOf, type Score, Scoreboard } from './scoreboard.ts';
import { inParallel, isFlawless, verify, type Verdict } from './verify.ts';

const LONGEST_RUN_SECONDS = 600;
const LOOK_EVERY_MS = 500;
const NOTHING = new Uint8Array();

async function demo(): Promise<boolean> {
  const { app, worker, archives } = await prepare();
  console.log(`\nThe local cloud: the quickstart's own template, its worker as a process\n`);
  const cloud = await LocalCloud.start({
    app,
    tasks: { tasks: [{ family: '*', command: ['node', 'main.ts'], cwd: worker }] },
    speed: 60, // one second is a minute of alarms and scaling
    on: { line: (line) => console.log(`  ${line}`) },
  });
  const interrupt = () => void cloud.stop().then(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await carry(cloud, archives);
  } finally {
    await cloud.stop();
  }
}

async function carry(cloud: LocalCloud, archives: readonly Archive[]): Promise<boolean> {
  const s3 = new S3Client(cloud.clientConfig());
  const sqs = new SQSClient(cloud.clientConfig());
  const { IncomingBucket = '', ResultsBucket = '', QueueUrl = '' } = cloud.outputs('Quickstart');
  const board = new Scoreboard(cloud, s3, sqs, {
    queueUrl: QueueUrl,
    deadLetterQueueUrl: await deadLetterQueueOf(sqs, QueueUrl),
    results: ResultsBucket,
  });

  console.log(`\n${archives.length} real ZIP files go to s3://${IncomingBucket}/incoming/\n`);
  // A folder marker and an empty file, which must start no job
  await s3.send(new PutObjectCommand({ Bucket: IncomingBucket, Key: 'incoming/folder.zip/', Body: NOTHING }));
  await s3.send(new PutObjectCommand({ Bucket: IncomingBucket, Key: 'incoming/empty.zip', Body: NOTHING }));
  await inParallel(4, archives, async ({ name, path }) => {
    await s3.send(
      new PutObjectCommand({ Bucket: IncomingBucket, Key: `incoming/${name}`, Body: await readFile(path) }),
    );
  });

  const score = await watch(cloud, board, archives.length);
  const { verdicts, strangers } = await verify(s3, ResultsBucket, archives);
  printTable(verdicts);
  const flawless = verdicts.filter(isFlawless).length;
  const good = flawless === archives.length && strangers.length === 0 && score.failed === 0 && score.killed;
  const entries = verdicts.reduce((sum, verdict) => sum + verdict.entries, 0);
  console.log(
    good
      ? `\n✔ ${archives.length} files, ${entries} entries, ${megabytes(verdicts.reduce((sum, { bytes }) => sum + bytes, 0))} byte-identical; no duplicates, no lost files; one worker killed; ${score.seconds} s\n`
      : `\n✖ ${flawless} of ${archives.length} files are complete and byte-identical, ${strangers.length} unexpected objects, ${score.failed} dead-letter messages, worker killed: ${score.killed}\n`,
  );
  record('demo', {
    passed: flawless,
    failed: archives.length - flawless + (good || flawless < archives.length ? 0 : 1),
  });
  return good;
}

/**
 * Shows the score until every file is done or failed; kills one worker with SIGKILL when a third is done and messages
 * are in flight.
 */
async function watch(cloud: LocalCloud, board: Scoreboard, total: number): Promise<Score & { killed: boolean }> {
  let killed = false;
  for (;;) {
    const score = await board.score();
    board.show(score, total);
    const victim = cloud.tasks().find(({ lastStatus }) => lastStatus === 'RUNNING');
    if (!killed && score.done >= total / 3 && score.inFlight > 0 && victim) {
      cloud.faults.kill(victim.taskArn);
      board.print(
        `☠ killed a worker with SIGKILL: ${victim.taskArn.split('/').at(-1)?.slice(0, 8)} held up to ${score.inFlight} files`,
      );
      killed = true;
    }
    if (score.done + score.failed >= total && score.visible + score.inFlight === 0) {
      board.print('');
      return { ...score, killed };
    }
    if (score.seconds > LONGEST_RUN_SECONDS) {
      board.print(`✖ not finished after ${LONGEST_RUN_SECONDS} s`);
      return { ...score, killed };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function printTable(verdicts: readonly Verdict[]): void {
  console.log(
    `\n  ${'archive'.padEnd(44)} ${'entries'.padStart(7)} ${'unpacked'.padStart(10)}  missing different twice`,
  );
  for (const verdict of verdicts) {
    const { archive, entries, bytes, missing, different, twice } = verdict;
    console.log(
      `${isFlawless(verdict) ? '✔' : '✖'} ${archive.padEnd(44)} ${String(entries).padStart(7)} ${megabytes(bytes).padStart(10)}  ` +
        `${String(missing.length).padStart(7)} ${String(different.length).padStart(9)} ${String(twice.length).padStart(5)}`,
    );
  }
}

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof LocalCloudError)) {
    throw error;
  }
  console.error(`\n✖ ${error.message}`);
  process.exitCode = 1;
}
