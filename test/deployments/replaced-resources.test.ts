import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { Duration, Size } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as fileworks from '../../src';
import { createTestApp, createWorker, image, synth, type TestApp } from '../support/cdk-stacks';

/** What a replacement loses, or makes other programs lose: data, and names that they know. */
const KEPT_BY_NAME: Readonly<Partial<Record<string, string>>> = {
  'AWS::SQS::Queue': 'queue',
  'AWS::DynamoDB::Table': 'table',
  'AWS::S3::Bucket': 'bucket',
  'AWS::Logs::LogGroup': 'log group',
  'AWS::StepFunctions::StateMachine': 'state machine',
};

const specification = loadAwsServiceSpecSync();

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** Kinds of resources. */
interface Loss {
  /** That an update replaces or deletes. */
  readonly replaced: string;
  /** That stay in the account nevertheless, by default. */
  readonly kept: string;
}

type Create = (test: TestApp) => void;

/** The effect of an update from one template to the other. */
function lost(before: Create, after: Create): Loss {
  const [old, next] = [before, after].map((create) => {
    const test = createTestApp();
    create(test);
    return (synth(test).toJSON() as { Resources: Readonly<Partial<Record<string, Resource>>> }).Resources;
  });
  const all = Object.entries(old).flatMap(([id, resource]) => {
    const kind = KEPT_BY_NAME[resource?.Type ?? ''];
    return kind !== undefined && isLost(resource!, next[id]) ? [{ kind, kept: isKept(resource!, next[id]) }] : [];
  });
  const list = (found: typeof all) => [...new Set(found.map(({ kind }) => kind))].sort().join(', ');
  return { replaced: list(all), kept: list(all.filter(({ kept }) => kept)) };
}

/** A resource that leaves the template has its deletion policy, and one that is replaced its other policy. */
function isKept({ DeletionPolicy: deletion }: Resource, next: Resource | undefined): boolean {
  return (next === undefined ? deletion : next.UpdateReplacePolicy) === 'Retain';
}

/** CloudFormation makes a new resource when another id, another type or a property demands it. */
function isLost({ Type: type, Properties: old = {} }: Resource, next: Resource | undefined): boolean {
  if (next?.Type !== type) {
    return true;
  }
  const { properties } = specification.lookup('resource', 'cloudFormationType', 'equals', type).only();
  const { Properties: changed = {} } = next;
  return Object.entries(properties).some(
    ([name, { causesReplacement }]) =>
      (causesReplacement ?? 'no') !== 'no' && JSON.stringify(old[name]) !== JSON.stringify(changed[name]),
  );
}

const worker =
  (props: Partial<fileworks.QueueScaledFargateWorkerProps> = {}): Create =>
  (test) =>
    createWorker(test, props);
const encrypted =
  (create: (key: kms.Key, test: TestApp) => void): Create =>
  (test) =>
    create(new kms.Key(test.stack, 'Key'), test);
const inbox =
  (props: fileworks.FileIngestBucketProps = {}): Create =>
  ({ stack }) =>
    new fileworks.FileIngestBucket(stack, 'Inbox', props);
const task =
  (props: Partial<fileworks.ObjectFargateTaskProps> = {}): Create =>
  ({ stack, cluster }) =>
    new fileworks.ObjectFargateTask(stack, 'Task', { cluster, image, ...props });
const job =
  (props: Partial<fileworks.ScheduledFargateJobProps> = {}): Create =>
  ({ stack, cluster }) =>
    new fileworks.ScheduledFargateJob(stack, 'Job', {
      cluster,
      image,
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      ...props,
    });
const orchestrator =
  (props: Partial<fileworks.ExportOrchestratorProps> = {}): Create =>
  ({ stack, cluster }) =>
    new fileworks.ExportOrchestrator(stack, 'Exports', { cluster, image, ...props });
const dispatcher =
  (props: fileworks.TypedDispatcherProps = {}): Create =>
  ({ stack, cluster }) => {
    const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
    taskDefinition.addContainer('worker', { image });
    new fileworks.TypedDispatcher(stack, 'Dispatcher', props).addType('Orders', {
      keys: ['**'],
      concurrency: fileworks.TypeConcurrency.sequential(),
      target: fileworks.DispatchTarget.ecsTask({ cluster, taskDefinition }),
    });
  };
const batches =
  (props: Partial<fileworks.ChunkedBatchWorkflowProps> = {}): Create =>
  ({ stack, cluster }) =>
    new fileworks.ChunkedBatchWorkflow(stack, 'Batches', {
      bucket: new s3.Bucket(stack, 'Files'),
      prefixes: ['in/'],
      processor: fileworks.BatchProcessor.fargateTask({ cluster, image }),
      ...props,
    });

const SECRET = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:database-AbCdEf';
const supervised = fileworks.JobSupervision.stepFunctions();

/** Construct, prop, and the templates before and after. The table of its page lists those that lose something. */
const CHANGES: readonly (readonly [string, string, Create, Create])[] = [
  ['QueueScaledFargateWorker', 'fifo', worker(), worker({ fifo: true })],
  ['QueueScaledFargateWorker', 'visibilityTimeout', worker(), worker({ visibilityTimeout: Duration.minutes(9) })],
  ['QueueScaledFargateWorker', 'maxReceiveCount', worker(), worker({ maxReceiveCount: 9 })],
  ['QueueScaledFargateWorker', 'retentionPeriod', worker(), worker({ retentionPeriod: Duration.days(2) })],
  [
    'QueueScaledFargateWorker',
    'encryptionKey',
    encrypted((_, test) => createWorker(test)),
    encrypted((encryptionKey, test) => createWorker(test, { encryptionKey })),
  ],
  ['QueueScaledFargateWorker', 'additionalQueues', worker({ additionalQueues: { Low: {} } }), worker()],
  ['QueueScaledFargateWorker', 'wake', worker({ wake: fileworks.WakeUp.onArrival() }), worker()],
  ['QueueScaledFargateWorker', 'cpu', worker(), worker({ cpu: 1_024, memoryLimitMiB: 4_096 })],
  ['QueueScaledFargateWorker', 'cpuArchitecture', worker(), worker({ cpuArchitecture: ecs.CpuArchitecture.ARM64 })],
  ['QueueScaledFargateWorker', 'scaling', worker(), worker({ scaling: fileworks.QueueScaling.none() })],
  ['QueueScaledFargateWorker', 'logRetention', worker(), worker({ logRetention: RetentionDays.ONE_YEAR })],
  ['FileIngestBucket', 'bucketName', inbox(), inbox({ bucketName: 'inbox-of-acme' })],
  ['FileIngestBucket', 'versioned', inbox(), inbox({ versioned: false })],
  ['ObjectFargateTask', 'maxDuration', task(), task({ maxDuration: Duration.hours(1) })],
  ['ObjectFargateTask', 'retries', task(), task({ retries: 5 })],
  ['ScheduledFargateJob', 'supervision', job({ supervision: supervised }), job()],
  ['ScheduledFargateJob', 'schedule', job(), job({ schedule: ScheduleExpression.rate(Duration.hours(2)) })],
  [
    'ExportOrchestrator',
    'priorityQueues',
    orchestrator({ priorityQueues: true }),
    orchestrator({ priorityQueues: false }),
  ],
  ['ExportOrchestrator', 'apiRequestsPerSecond', orchestrator(), orchestrator({ apiRequestsPerSecond: 3 })],
  [
    'TypedDispatcher',
    'stateStore',
    dispatcher(),
    (test) => {
      const login = fileworks.DatabaseLogin.secret(
        secretsmanager.Secret.fromSecretCompleteArn(test.stack, 'Login', SECRET),
      );
      dispatcher({ stateStore: fileworks.StateStore.postgres({ login, vpc: test.vpc }) })(test);
    },
  ],
  ['TypedDispatcher', 'launchesPerSecond', dispatcher(), dispatcher({ launchesPerSecond: 3 })],
  ['TypedDispatcher', 'eventDelivery', dispatcher(), dispatcher({ eventDelivery: fileworks.EventDelivery.DIRECT })],
  ['ChunkedBatchWorkflow', 'maxFilesPerBatch', batches(), batches({ maxFilesPerBatch: 17 })],
  ['ChunkedBatchWorkflow', 'maxBatchDescription', batches(), batches({ maxBatchDescription: Size.kibibytes(99) })],
  [
    'ChunkedBatchWorkflow',
    'resultBucket',
    batches(),
    (test) => batches({ resultBucket: new s3.Bucket(test.stack, 'Results') })(test),
  ],
  [
    'ChunkedBatchWorkflow',
    'eventBus',
    batches(),
    (test) => batches({ eventBus: new events.EventBus(test.stack, 'Bus') })(test),
  ],
];

/** `QueueScaledFargateWorker` is described in `queue-scaled-fargate-worker.md`. */
function documented(construct: string): Map<string, Loss> {
  const page = construct.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  const text = readFileSync(join(__dirname, '..', '..', 'docs', 'constructs', `${page}.md`), 'utf8');
  const [, chapter = ''] = text.split('\n## Deployments\n');
  const rows = chapter.split('\n## ')[0].matchAll(/^\| (.*?) \| (.*?) \| (.*?) \|$/gm);
  return new Map(
    [...rows].flatMap(([, props, replaced, kept]) =>
      [...props.matchAll(/`(\w+)`/g)].map(([, prop]): [string, Loss] => [
        prop,
        { replaced, kept: kept.replace('–', '') },
      ]),
    ),
  );
}

const NOTHING: Loss = { replaced: '', kept: '' };

describe('what a change of a prop replaces', () => {
  it.each(CHANGES)('%s.%s is documented', (construct, prop, before, after) => {
    expect({ prop, ...(documented(construct).get(prop) ?? NOTHING) }).toEqual({ prop, ...lost(before, after) });
  });

  it('has a test for each documented prop', () => {
    const constructs = new Set(CHANGES.map(([construct]) => construct));
    const tested = new Set(CHANGES.map(([construct, prop]) => `${construct}.${prop}`));
    const untested = [...constructs].flatMap((construct) =>
      [...documented(construct).keys()].map((prop) => `${construct}.${prop}`).filter((name) => !tested.has(name)),
    );
    expect(untested).toEqual([]);
  });
});
