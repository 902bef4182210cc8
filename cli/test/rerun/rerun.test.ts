import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import {
  paginateListExecutions,
  paginateListStateMachines,
  SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LocalCloud } from '../../../local/src';
import { TOOLS, until } from '../../../local/test/support/cloud';
import { FileIngestBucket, IngestTarget, JobSupervision, ObjectFargateTask, ScheduledFargateJob } from '../../../src';
import { fileworks, useEndpoint } from '../support/command';

jest.setTimeout(600_000);

/** The program of all tasks: a file beside it says how each input ends. */
const PROGRAM = `
const { existsSync, appendFileSync } = require('node:fs');
const { FILEWORKS_FILE_KEY: key, FILEWORKS_JOB_INPUT: input, JOB: job } = process.env;
const work = key ?? job + ' ' + JSON.parse(input).scheduledTime;
appendFileSync('runs.log', work + '\\n');
if (existsSync('hang')) setInterval(() => undefined, 1000);
else process.exit(existsSync('broken') ? 70 : 0);
`;

/** An app with an object task, a supervised job and one without supervision, which nothing starts by itself. */
function synthesize(): string {
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), 'fileworks-cli-app-')), analyticsReporting: false });
  const stack = new Stack(app, 'Jobs');
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true });
  const task = {
    cluster,
    image: ecs.ContainerImage.fromRegistry('program'),
    vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
    assignPublicIp: true,
  };
  const schedule = ScheduleExpression.cron({ year: '2199' });
  const ingest = new FileIngestBucket(stack, 'Ingest');
  const converter = new ObjectFargateTask(stack, 'Converter', { ...task, retries: 0 });
  ingest.addRoute('In', { prefixes: ['in/'], target: IngestTarget.fargateTask(converter) });
  new ScheduledFargateJob(stack, 'Nightly', {
    ...task,
    schedule,
    environment: { JOB: 'nightly' },
    supervision: JobSupervision.stepFunctions({ retries: 0, maxDuration: Duration.hours(2) }),
  });
  new ScheduledFargateJob(stack, 'Plain', { ...task, schedule, environment: { JOB: 'plain' } });
  new CfnOutput(stack, 'Bucket', { value: ingest.bucket.bucketName });
  return app.synth().directory;
}

interface Listed {
  readonly source: string;
  readonly kind: string;
  readonly items: readonly { readonly id: string; readonly key?: string; readonly reason?: string }[];
}

let cloud: LocalCloud;
let stepFunctions: SFNClient;
let directory: string;
const path = (name: string) => join(directory, name);
const runs = () => (existsSync(path('runs.log')) ? readFileSync(path('runs.log'), 'utf8').trim().split('\n') : []);
const runsOf = (work: string) => runs().filter((run) => run === work).length;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fileworks-cli-program-'));
  writeFileSync(path('program.js'), PROGRAM);
  cloud = await LocalCloud.start({
    app: synthesize(),
    tasks: { tasks: [{ family: '*', command: [process.execPath, 'program.js'], cwd: directory }] },
    speed: 60,
    toolsDir: TOOLS,
  });
  useEndpoint(cloud);
  process.env.FILEWORKS_STACK = 'Jobs';
  stepFunctions = new SFNClient(cloud.clientConfig());
});

afterAll(async () => {
  stepFunctions.destroy();
  await cloud.stop();
});

const json = async <T>(...args: string[]) => {
  const ended = await fileworks(['--json', ...args]);
  expect(ended.err).toBe('');
  return JSON.parse(ended.out) as T;
};
const listed = async (name: string) => {
  const sources = await json<Listed[]>('rerun', 'list', name);
  return sources.flatMap(({ kind, items }) => items.map((item) => ({ kind, ...item })));
};
const untilListed = (name: string) =>
  until(
    async () => {
      const items = await listed(name);
      return items.length > 0 && items;
    },
    `failed work of ${name}`,
    60_000,
  );
const untilRun = (work: string, times: number) =>
  until(() => runsOf(work) === times, `run ${times} of ${work}`, 60_000);
const put = async (key: string) => {
  const s3 = new S3Client(cloud.clientConfig());
  await s3.send(new PutObjectCommand({ Bucket: cloud.outputs('Jobs').Bucket, Key: key, Body: 'a' }));
  s3.destroy();
};
const ends = (how: 'well' | 'broken' | 'hang') => {
  ['broken', 'hang'].forEach((name) => rmSync(path(name), { force: true }));
  if (how !== 'well') {
    writeFileSync(path(how), '');
  }
};
/** Stops the executions that are running. */
const stopAll = async (machine: string) => {
  for await (const { stateMachines = [] } of paginateListStateMachines({ client: stepFunctions }, {})) {
    for (const { stateMachineArn } of stateMachines.filter(({ name = '' }) => name.includes(machine))) {
      for await (const { executions = [] } of paginateListExecutions(
        { client: stepFunctions },
        { stateMachineArn, statusFilter: 'RUNNING' },
      )) {
        for (const { executionArn } of executions) {
          await stepFunctions.send(new StopExecutionCommand({ executionArn }));
        }
      }
    }
  }
};

test('the event of a failed object task is run again once, and its execution is not listed besides', async () => {
  ends('broken');
  await put('in/a.csv');
  expect(await untilListed('Converter')).toMatchObject([{ kind: 'dead-letter queue', key: 'in/a.csv' }]);
  ends('well');
  expect((await fileworks(['--dry-run', 'rerun', 'Converter', '--all'])).out).toBe(
    [
      'Converter (dead-letter queue): 1 would run again, 0 not matched (dry run: nothing changed)',
      'Converter (executions): 0 would run again, 0 not matched (dry run: nothing changed)',
    ].join('\n'),
  );
  expect(runsOf('in/a.csv')).toBe(1);
  expect((await fileworks(['rerun', 'Converter', '--key', 'in/*'])).out).toMatch(/dead-letter queue\): 1 run again, 0/);
  await untilRun('in/a.csv', 2);
  expect(await listed('Converter')).toEqual([]);
});

test('an execution of an object task that was stopped, so that it has no dead-letter message, is run again once', async () => {
  ends('hang');
  await put('in/b.csv');
  await untilRun('in/b.csv', 1);
  await stopAll('Converter');
  expect(await untilListed('Converter')).toMatchObject([{ kind: 'executions', key: 'in/b.csv', reason: 'ABORTED' }]);
  ends('well');
  await fileworks(['rerun', '--key', 'in/b.csv']);
  await untilRun('in/b.csv', 2);
  expect(await listed('Converter')).toEqual([]);
});

test('a failed run of a supervised job is run again for the same time; one that is skipped stays in the list', async () => {
  const [first, second] = ['2026-11-19T01:30:00Z', '2026-11-20T01:30:00Z'];
  ends('broken');
  expect((await fileworks(['rerun', 'Nightly', '--for', first])).out).toBe(`Nightly was started for ${first}`);
  const failed = { kind: 'executions', reason: expect.stringMatching(/exit code 70/) };
  expect(await untilListed('Nightly')).toMatchObject([failed]);
  ends('hang');
  await fileworks(['rerun', 'Nightly', '--for', second]);
  await untilRun(`nightly ${second}`, 1);
  expect((await fileworks(['rerun', 'Nightly', '--reason', 'exit code 70'])).out).toMatch(/executions\): 1 run again/);
  await until(async () => (await listed('Nightly')).length === 1, 'the skipped run', 60_000);
  expect(runsOf(`nightly ${first}`)).toBe(1);
  await stopAll('Nightly');
  ends('well');
  await until(async () => (await listed('Nightly')).length === 2, 'the stopped run', 60_000);
  await fileworks(['rerun', 'Nightly', '--reason', 'exit code 70']);
  await untilRun(`nightly ${first}`, 2);
  expect(await listed('Nightly')).toMatchObject([{ kind: 'executions', reason: 'ABORTED' }]);
});

test('a failed task of a job without supervision is run again once, with its input', async () => {
  const time = '2026-11-21T01:30:00Z';
  ends('broken');
  await fileworks(['rerun', 'Plain', '--for', time]);
  expect(await untilListed('Plain')).toMatchObject([{ kind: 'tasks', reason: expect.stringMatching(/exit code 70/) }]);
  ends('well');
  await fileworks(['rerun', 'Plain', '--all']);
  await untilRun(`plain ${time}`, 2);
  expect(await listed('Plain')).toEqual([]);
});

test('a run that could not be started is started for the time that it was for', async () => {
  const scheduler = new SchedulerClient(cloud.clientConfig());
  const { Schedules: schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
  const { Name } = schedules.find(({ Name: name = '' }) => name.includes('Plain'))!;
  const { Target: target } = await scheduler.send(new GetScheduleCommand({ Name }));
  await cloud.faults.failNext({ action: 'ecs:RunTask', resource: '*', error: 'AccessDeniedException', message: 'no' });
  const soon = new Date(Date.now() + 3_000).toISOString().slice(0, 19);
  await scheduler.send(
    new UpdateScheduleCommand({
      Name,
      ScheduleExpression: `at(${soon})`,
      Target: { ...target!, RetryPolicy: { MaximumRetryAttempts: 0 } },
      FlexibleTimeWindow: { Mode: 'OFF' },
    }),
  );
  scheduler.destroy();
  expect(await untilListed('Plain')).toMatchObject([
    { kind: 'dead-letter queue', reason: expect.stringMatching(/AccessDenied/) },
  ]);
  await fileworks(['rerun', 'Plain', '--all']);
  await untilRun(`plain ${soon}Z`, 1);
  expect(await listed('Plain')).toEqual([]);
});
