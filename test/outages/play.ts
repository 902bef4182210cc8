// Plays the outages of one duration, all at the same time, and measures what follows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud } from 'fileworks-local';
import { IMAGE, outputsOf, synthesize } from './app.ts';
import { type Cell, JOBS } from './cells.ts';
import { Api } from './dependencies/api.ts';
import { beginAwsOutage } from './dependencies/aws.ts';
import { Database } from './dependencies/database.ts';
import type { Measured } from './measured.ts';

export interface PlayOptions {
  readonly cells: readonly Cell[];
  /** Length of the outages. */
  readonly seconds: number;
  readonly speed: number;
  readonly toolsDir: string;
  readonly line: (line: string) => void;
}

const MINUTE_MS = 60_000;
const ALL_JOBS = Object.values(JOBS).reduce((sum, count) => sum + count, 0);
/** After this time of the clock, what is not done is lost. */
const PATIENCE_MS = 30 * MINUTE_MS;
/** After this time, tasks that have nothing but jobs that wait are stopped. */
const ONE_TASK_AFTER_MS = 25 * MINUTE_MS;
/** Real time for the start of tasks on a busy machine. */
const START_MS = 240_000;
const LOOK_MS = 50;
const APART_MS = 300;
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

interface Evidence {
  readonly outage: 'call' | 'done';
  readonly cell: string;
  readonly id: string;
  readonly at: number;
  readonly task: string;
}

export async function play({ cells, seconds, speed, toolsDir, line }: PlayOptions): Promise<Measured[]> {
  const of = (dependency: string) => cells.filter((cell) => cell.dependency === dependency);
  const api = new Api();
  const apiUrl = await api.listen();
  const database = of('PostgreSQL').length > 0 ? await Database.start(of('PostgreSQL')) : undefined;
  const app = mkdtempSync(join(tmpdir(), 'fileworks-outages-'));
  const evidence: Evidence[] = [];
  let stop = (): Promise<void> => Promise.resolve();
  try {
    synthesize(app, cells, (cell) => ({
      API_URL: apiUrl,
      ...(cell.dependency === 'PostgreSQL' && { DATABASE_URL: database?.urlOf(cell) ?? '' }),
    }));
    const cloud = await LocalCloud.start({
      app,
      toolsDir,
      speed,
      processClock: 'cloud',
      tasks: { tasks: [{ image: IMAGE, command: [process.execPath, WORKER] }] },
      on: {
        output: ({ taskArn, line: text }) => {
          if (text.startsWith('{"outage"')) {
            evidence.push({ ...(JSON.parse(text) as Evidence), task: taskArn });
          } else if (process.env.FILEWORKS_OUTAGES_OUTPUT !== undefined) {
            line(text);
          }
        },
      },
    });
    stop = () => cloud.stop();
    const begin = async (cell: Cell): Promise<() => unknown> =>
      cell.dependency === 'HTTP API'
        ? api.begin(cell)
        : cell.dependency === 'PostgreSQL'
          ? database!.begin(cell)
          : beginAwsOutage(cloud, cell);
    const feed = new Feed(cloud);
    await feed.sources(of('S3 source'));
    const player = { cloud, evidence, feed, begin, seconds, line };
    // At a distance: all of them in one moment would be a test of this machine
    return await Promise.all(cells.map((cell, index) => delay(index * APART_MS).then(() => playCell(player, cell))));
  } finally {
    await stop();
    await database?.stop();
    api.close();
    rmSync(app, { recursive: true, force: true });
  }
}

interface Player {
  readonly cloud: LocalCloud;
  readonly evidence: readonly Evidence[];
  readonly feed: Feed;
  readonly begin: (cell: Cell) => Promise<() => unknown>;
  readonly seconds: number;
  readonly line: (line: string) => void;
}

async function playCell({ cloud, evidence, feed, begin, seconds, line }: Player, cell: Cell): Promise<Measured> {
  const own = () => evidence.filter(({ cell: id }) => id === cell.id);
  const done = () => own().filter(({ outage }) => outage === 'done');
  const ids = () => new Set(done().map(({ id }) => id));
  await feed.send(cell, JOBS.before);
  const startedBy = Date.now() + START_MS;
  while (ids().size < JOBS.before) {
    if (Date.now() > startedBy) {
      throw new Error(`the worker of ${cell.id} has done nothing in ${START_MS / 1_000} s`);
    }
    await delay(LOOK_MS);
  }
  const alarm = () =>
    cloud.alarms().find(({ logicalId }) => logicalId.startsWith(`${cell.id}${cell.alarm}`))?.transitions ?? [];
  const end = await begin(cell);
  const beganAt = cloud.clock.now();
  await feed.send(cell, JOBS.beginning);
  await until(cloud, beganAt + (seconds * 1_000) / 2);
  await feed.send(cell, JOBS.middle);
  await until(cloud, beganAt + seconds * 1_000);
  const doneBefore = done().length;
  await end();
  const endedAt = cloud.clock.now();
  await feed.send(cell, JOBS.end);
  while (cloud.clock.now() < endedAt + PATIENCE_MS) {
    const isOk = alarm().at(-1)?.to !== 'ALARM';
    if (ids().size === ALL_JOBS && isOk) {
      break;
    }
    await delay(LOOK_MS);
  }
  const calls = own().filter(({ outage, at }) => outage === 'call' && at >= beganAt && at < endedAt);
  const late = calls.filter(({ at }) => at >= beganAt + ONE_TASK_AFTER_MS);
  const after = (from: number, at: number | undefined) =>
    at === undefined ? undefined : Math.round((at - from) / 1_000);
  const results = await feed.results(cell);
  line(`${cell.id}: done ${ids().size} of ${ALL_JOBS}, ${calls.length} calls`);
  return {
    cell,
    seconds,
    jobs: ALL_JOBS,
    lost: ALL_JOBS - results,
    doubled: done().length - ids().size,
    deadLetters: await feed.deadLetters(cell),
    alarmAfterSeconds: after(beganAt, alarm().find(({ to, at }) => to === 'ALARM' && at >= beganAt)?.at),
    okAfterSeconds: after(endedAt, alarm().find(({ to, at }) => to === 'OK' && at >= endedAt)?.at),
    workAfterSeconds: after(endedAt, done().at(doneBefore)?.at),
    calls: Math.max(0, calls.length - JOBS.beginning),
    lateCallers: new Set(late.map(({ task }) => task)).size,
  };
}

async function until(cloud: LocalCloud, moment: number): Promise<void> {
  while (cloud.clock.now() < moment) {
    await delay(Math.min(LOOK_MS * 10, (moment - cloud.clock.now()) / cloud.clock.speed));
  }
}

/** What sends jobs, and looks at their results, with the rights of the account. */
class Feed {
  readonly #s3: S3Client;
  readonly #sqs: SQSClient;
  readonly #outputs: Readonly<Partial<Record<string, string>>>;
  readonly #sent = new Map<string, number>();

  constructor(cloud: LocalCloud) {
    this.#s3 = new S3Client(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
    this.#outputs = outputsOf(cloud);
  }

  /** The files of all jobs of workers. */
  async sources(cells: readonly Cell[]): Promise<void> {
    for (const { id } of cells.filter(({ construct }) => construct === 'queue worker')) {
      for (let job = 0; job < ALL_JOBS; job++) {
        await this.#putFile(id, job);
      }
    }
  }

  async send({ id, construct }: Cell, count: number): Promise<void> {
    for (let job = 0; job < count; job++) {
      const next = this.#sent.get(id) ?? 0;
      this.#sent.set(id, next + 1);
      await (construct === 'object task' ? this.#putFile(id, next) : this.#sendJob(id, next));
    }
  }

  async results({ id }: Cell): Promise<number> {
    const request = new ListObjectsV2Command({ Bucket: this.#outputs.BucketName, Prefix: `results/${id}/` });
    return (await this.#s3.send(request)).KeyCount ?? 0;
  }

  async deadLetters({ id }: Cell): Promise<number> {
    const { Attributes: { ApproximateNumberOfMessages: count } = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#outputs[`${id}DeadLetters`], AttributeNames: ['All'] }),
    );
    return Number(count);
  }

  async #sendJob(cell: string, job: number): Promise<void> {
    const body = { fileworksJob: 1, type: 'Outage', payload: { id: String(job) } };
    await this.#sqs.send(
      new SendMessageCommand({ QueueUrl: this.#outputs[`${cell}Queue`], MessageBody: JSON.stringify(body) }),
    );
  }

  async #putFile(cell: string, job: number): Promise<void> {
    const file = { Bucket: this.#outputs[`${cell}SourceName`], Key: `source/${cell}/${job}` };
    await this.#s3.send(new PutObjectCommand({ ...file, Body: 'file' }));
  }
}
