import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ECSClient, ListServicesCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { GetBucketLocationCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { LocalCloud, type OutputEvent, type ScalingActivity } from 'fileworks-local';
import { FileIngestBucket, IngestTarget, QueueScaledFargateWorker, WakeUp } from '../../src';

/** `FILEWORKS_FULL=1` uses the numbers of the promise; otherwise they are smaller. */
const full = process.env['FILEWORKS_FULL'] === '1';
const FILES = full ? 1_000 : 150;
const JOBS = full ? 500 : 50;
const LONGEST_SECONDS = full ? 3 : 1.5;
const MAX_TASKS = 6;

const root = resolve(__dirname, '..', '..');
const outputs: string[] = [];
jest.setTimeout(600_000);

afterAll(() => outputs.forEach((directory) => rmSync(directory, { recursive: true })));

/** A bucket and a worker, as the constructs make them. */
function synthesize(wake: WakeUp): string {
  const outdir = mkdtempSync(join(tmpdir(), 'fileworks-scaling-'));
  outputs.push(outdir);
  const app = new App({ outdir });
  const stack = new Stack(app, 'Scaling');
  const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 }) });
  const worker = new QueueScaledFargateWorker(stack, 'Worker', {
    cluster,
    image: ContainerImage.fromRegistry('worker'),
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    assignPublicIp: true,
    maxTasks: MAX_TASKS,
    wake,
  });
  const inbox = new FileIngestBucket(stack, 'Inbox');
  inbox.addRoute('All', { target: IngestTarget.worker(worker) });
  new CfnOutput(stack, 'BucketName', { value: inbox.bucket.bucketName });
  new CfnOutput(stack, 'QueueUrl', { value: worker.queue.queueUrl });
  new CfnOutput(stack, 'ClusterName', { value: cluster.clusterName });
  app.synth();
  return outdir;
}

function start(wake: WakeUp, speed: number): Promise<LocalCloud> {
  const command = [process.execPath, join(root, 'test', 'fixtures', 'scaling', 'worker.mjs')];
  return LocalCloud.start({
    app: synthesize(wake),
    tasks: { tasks: [{ container: 'Worker', command, cwd: root }] },
    speed,
    toolsDir: join(root, '.tools'),
  });
}

async function until<T>(what: string, seconds: number, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await sleep(20);
  }
}

/** Ids of jobs, from the output of the tasks. */
function follow(cloud: LocalCloud): { began: Map<string, string>; ended: Map<string, string>; twice: string[] } {
  const [began, ended, twice] = [new Map<string, string>(), new Map<string, string>(), [] as string[]];
  cloud.on('output', ({ taskArn, line }: OutputEvent) => {
    const event = /^\{"(began|ended)":"([^"]+)"\}/.exec(line);
    if (event === null) {
      return;
    }
    const jobs = event[1] === 'began' ? began : ended;
    if (jobs.has(event[2])) {
      twice.push(event[2]);
    }
    jobs.set(event[2], taskArn);
  });
  return { began, ended, twice };
}

/** Prints the figures, which the full run is for. */
const print = (line: string) => process.stderr.write(`${line}\n`);

const running = (cloud: LocalCloud) => cloud.tasks().filter(({ lastStatus }) => lastStatus === 'RUNNING');

describe('a worker with a wake-up on arrival', () => {
  let cloud: LocalCloud;
  let s3: S3Client;
  let sent = 0;

  beforeAll(async () => {
    // Alarms do not run here, as after six idle hours: a minute of the clock takes ten real minutes.
    cloud = await start(WakeUp.onArrival(), 0.1);
    s3 = new S3Client(cloud.clientConfig());
  });

  afterAll(async () => {
    s3.destroy();
    await cloud.stop();
  });

  const put = () =>
    s3.send(
      new PutObjectCommand({ Bucket: cloud.outputs('Scaling').BucketName, Key: `file-${sent++}`, Body: 'content' }),
    );
  const burst = async (files: number) => {
    for (let done = 0; done < files; done += 25) {
      await Promise.all(Array.from({ length: Math.min(25, files - done) }, put));
    }
  };
  /** Like the idle alarm. */
  const goIdle = async () => {
    const ecs = new ECSClient(cloud.clientConfig());
    const cluster = cloud.outputs('Scaling').ClusterName;
    const { serviceArns: [service] = [] } = await ecs.send(new ListServicesCommand({ cluster }));
    await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
    ecs.destroy();
    await until('no task', 60, () => running(cloud).length === 0);
  };
  /** Without the permissions that RegisterScalableTarget checks for its caller, which are calls of its role. */
  const callsOf = (action: string) =>
    cloud.calls().filter((call) => call.action === action && !(action.startsWith('ecs:') && call.role !== undefined))
      .length;
  /** Calls are recorded after their answers, in order: once a call of the test is recorded, all earlier ones are. */
  const untilRecorded = async () => {
    const before = callsOf('s3:GetBucketLocation');
    await s3.send(new GetBucketLocationCommand({ Bucket: cloud.outputs('Scaling').BucketName }));
    await until('the record of a call', 30, () => callsOf('s3:GetBucketLocation') > before);
  };

  test(`starts from zero, and ${FILES} files at once make one call to Application Auto Scaling and one to ECS`, async () => {
    const { ended } = follow(cloud);
    // The first deployment starts one task.
    await until('the first task', 60, () => running(cloud).length > 0);
    await goIdle();
    await untilRecorded();
    const before = callsOf('ecs:UpdateService');
    const arrived = Date.now();
    const all = burst(FILES);
    await until('a running task', 30, () => running(cloud).length > 0);
    const seconds = (Date.now() - arrived) / 1_000;
    await all;
    const burstSeconds = (Date.now() - arrived) / 1_000;
    await until('every file to be processed', 120, () => ended.size === FILES);

    print(
      `a task ran ${seconds.toFixed(1)} s after the first of ${FILES} files, which took ${burstSeconds.toFixed(1)} s to put`,
    );
    // Beside other tests of the gate, the function's process may start more slowly.
    if (full) {
      expect(seconds).toBeLessThan(5);
    }
    // The next invocation is a minute later.
    expect(Date.now() - arrived).toBeLessThan(60_000);
    await untilRecorded();
    expect(callsOf('application-autoscaling:RegisterScalableTarget')).toBe(1);
    expect(callsOf('ecs:UpdateService') - before).toBe(1);
    const call = cloud.calls().find(({ action }) => action === 'application-autoscaling:RegisterScalableTarget');
    expect(call).toMatchObject({ status: 200, role: expect.stringContaining('WakeUp') as string });
  });

  (full ? test : test.skip)(
    'is woken again by a second burst within five minutes of the first, when all tasks are gone',
    async () => {
      const { ended } = follow(cloud);
      await until('the end of the floor', 120, () => cloud.scaling()[0].minCapacity === 0);
      await goIdle();
      await burst(50);
      await until('a task again', 70, () => running(cloud).length > 0);
      await until('every file to be processed', 60, () => ended.size === 50);
    },
  );
});

describe('a worker that the policies of its template scale', () => {
  let cloud: LocalCloud;
  let sqs: SQSClient;
  const activities: ScalingActivity[] = [];

  beforeAll(async () => {
    // Two minutes of the clock in a second: many decisions while jobs run.
    cloud = await start(WakeUp.none(), 120);
    cloud.on('scaling', (activity) => activities.push(activity));
    sqs = new SQSClient(cloud.clientConfig());
  });

  afterAll(async () => {
    sqs.destroy();
    await cloud.stop();
  });

  /** Each job takes 0.1 to a few seconds, in the same order in every run. */
  const send = async (first: number, count: number) => {
    for (let at = first; at < first + count; at += 10) {
      const ids = Array.from({ length: Math.min(10, first + count - at) }, (_, i) => at + i);
      await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: cloud.outputs('Scaling').QueueUrl,
          Entries: ids.map((id) => ({
            Id: String(id),
            MessageBody: JSON.stringify({ milliseconds: 100 + ((id * 997) % (LONGEST_SECONDS * 1_000)) }),
          })),
        }),
      );
    }
  };

  test(`scales from zero to one task for one message, to the maximum for a burst and back to zero, and no task is stopped during any of ${JOBS} jobs`, async () => {
    const { began, ended, twice } = follow(cloud);
    // The first deployment starts one task.
    await until('no task', 60, () => cloud.scaling()[0].activities.at(-1)?.to === 0 && running(cloud).length === 0);
    activities.length = 0;
    await send(0, 1);
    await until('the first job', 60, () => ended.size === 1);
    expect(activities.map(({ from, to }) => [from, to])).toEqual([[0, 1]]);

    // In waves, each during the scale-in after the one before: its jobs arrive while tasks are being stopped.
    const waves = full ? 4 : 2;
    const inWave = Math.ceil((JOBS - 1) / waves);
    for (let first = 1; first < JOBS; first += inWave) {
      const last = Math.min(JOBS, first + inWave);
      await send(first, last - first);
      await until(`job ${last}`, 300, () => ended.size === last);
      await until(`scale-in after job ${last}`, 60, () => activities.at(-1)?.to === 0);
    }
    await until('no task', 120, () => cloud.tasks().every(({ lastStatus }) => lastStatus === 'STOPPED'));

    expect(Math.max(...activities.map(({ to }) => to))).toBe(MAX_TASKS);
    expect(activities.filter(({ from, to }) => to < from).length).toBeGreaterThanOrEqual(waves);
    expect(twice).toEqual([]);
    expect([...began].filter(([id, task]) => ended.get(id) !== task)).toEqual([]);
    const ends = cloud.tasks().map(({ stopCode, containers }) => [stopCode, containers[0]?.exitCode]);
    expect(ends).toEqual(ends.map(() => ['ServiceSchedulerInitiated', 0]));
    print(
      `${JOBS} jobs in ${ends.length} tasks, ${activities.length} changes: ${activities.map(({ from, to }) => `${from}→${to}`).join(' ')}`,
    );
  });
});
