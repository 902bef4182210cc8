import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { EventBus } from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import {
  BatchFileLoader,
  type BatchFileLoaderProps,
  BatchProcessor,
  ChunkedBatchWorkflow,
  type ChunkedBatchWorkflowProps,
  DatabaseLogin,
  DispatchTarget,
  type DispatchTypeOptions,
  ExportOrchestrator,
  type ExportOrchestratorProps,
  FileIngestBucket,
  IngestRoute,
  IngestTarget,
  LoadMapping,
  PostProcessing,
  QueueScaledFargateWorker,
  type QueueScaledFargateWorkerProps,
  StateStore,
  TaskLifecycleAlerts,
  TypeConcurrency,
  TypedDispatcher,
} from '../../src';
import { createTestApp, image } from '../support/cdk-stacks';

const HERE = { account: '111122223333', region: 'eu-west-1' };

/** A stack whose account and region are known, and what its constructs need. */
class Pipeline extends Stack {
  readonly vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2 });
  readonly cluster = new ecs.Cluster(this, 'Cluster', { vpc: this.vpc });

  constructor(
    id = 'Pipeline',
    readonly app = new App({ analyticsReporting: false }),
  ) {
    super(app, id, { env: HERE });
  }

  queue = (region: string, account: string): sqs.IQueue =>
    sqs.Queue.fromQueueArn(this, 'TheQueue', `arn:aws:sqs:${region}:${account}:jobs`);

  bucket = (region: string, account: string): s3.IBucket =>
    s3.Bucket.fromBucketAttributes(this, 'TheBucket', { bucketName: 'files', region, account });

  handler = (region: string, account: string): lambda.IFunction =>
    lambda.Function.fromFunctionArn(this, 'TheFunction', `arn:aws:lambda:${region}:${account}:function:after`);

  machine = (region: string, account: string) =>
    StateMachine.fromStateMachineArn(this, 'Machine', `arn:aws:states:${region}:${account}:stateMachine:after`);

  table = (region: string, account: string): dynamodb.ITable =>
    dynamodb.Table.fromTableAttributes(this, 'Table', {
      tableArn: `arn:aws:dynamodb:${region}:${account}:table/state`,
      tableStreamArn: `arn:aws:dynamodb:${region}:${account}:table/state/stream/now`,
    });

  bus = (region: string, account: string) =>
    EventBus.fromEventBusArn(this, 'Bus', `arn:aws:events:${region}:${account}:event-bus/jobs`);

  topic = (region: string, account: string) =>
    Topic.fromTopicArn(this, 'Topic', `arn:aws:sns:${region}:${account}:alerts`);

  worker(props: Partial<QueueScaledFargateWorkerProps>): void {
    new QueueScaledFargateWorker(this, 'Worker', { cluster: this.cluster, image, ...props });
  }

  loader(props: Partial<BatchFileLoaderProps>): void {
    new BatchFileLoader(this, 'Loader', {
      vpc: this.vpc,
      database: DatabaseLogin.secret(Secret.fromSecretNameV2(this, 'Secret', 'database')),
      routes: {
        Orders: {
          source: new FileIngestBucket(this, 'Inbox'),
          prefix: 'orders/',
          suffix: '.json',
          mapping: LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] }),
        },
      },
      ...props,
    });
  }

  workflow(props: Partial<ChunkedBatchWorkflowProps>): void {
    new ChunkedBatchWorkflow(this, 'Nightly', {
      bucket: s3.Bucket.fromBucketName(this, 'Sales', 'sales'),
      prefixes: ['sales/'],
      processor: BatchProcessor.fargateTask({ cluster: this.cluster, image }),
      ...props,
    });
  }

  exports(props: Partial<ExportOrchestratorProps>): void {
    new ExportOrchestrator(this, 'Exports', { cluster: this.cluster, image, ...props });
  }

  route(target: IngestTarget): void {
    new FileIngestBucket(this, 'Inbox').addRoute('Route', { target });
  }

  type(options: Pick<DispatchTypeOptions, 'target' | 'matchFunction'>): void {
    const match = options.matchFunction === undefined ? { keys: ['**'] } : {};
    new TypedDispatcher(this, 'Dispatcher').addType('A', {
      ...match,
      ...options,
      concurrency: TypeConcurrency.parallel(),
    });
  }
}

type Create = (stack: Pipeline, region: string, account: string) => void;

const inBoth: [string, string, Create][] = [
  ['queue', 'of a worker', (stack, ...where) => stack.worker({ queue: stack.queue(...where) })],
  [
    'deadLetterQueue',
    'of a worker',
    (stack, ...where) => stack.worker({ queue: new sqs.Queue(stack, 'Own'), deadLetterQueue: stack.queue(...where) }),
  ],
  [
    'additionalQueues.More.queue',
    'of a worker',
    (stack, ...where) => stack.worker({ additionalQueues: { More: { queue: stack.queue(...where) } } }),
  ],
  ['queue', 'of a loader', (stack, ...where) => stack.loader({ queue: stack.queue(...where) })],
  ['largeFileQueue', 'of a loader', (stack, ...where) => stack.loader({ largeFileQueue: stack.queue(...where) })],
  ['bucket', 'of a workflow', (stack, ...where) => stack.workflow({ bucket: stack.bucket(...where) })],
  ['resultBucket', 'of a workflow', (stack, ...where) => stack.workflow({ resultBucket: stack.bucket(...where) })],
  ['jobTable', 'of exports', (stack, ...where) => stack.exports({ jobTable: stack.table(...where) })],
  ['metadataTable', 'of exports', (stack, ...where) => stack.exports({ metadataTable: stack.table(...where) })],
  [
    'postProcessing',
    'to a queue',
    (stack, ...where) => stack.exports({ postProcessing: PostProcessing.queue(stack.queue(...where)) }),
  ],
  [
    'postProcessing',
    'to a function',
    (stack, ...where) => stack.exports({ postProcessing: PostProcessing.lambdaFunction(stack.handler(...where)) }),
  ],
  [
    'postProcessing',
    'to a state machine',
    (stack, ...where) => stack.exports({ postProcessing: PostProcessing.stateMachine(stack.machine(...where)) }),
  ],
  [
    'table',
    'of a dispatcher',
    (stack, ...where) =>
      new TypedDispatcher(stack, 'Dispatcher', { stateStore: StateStore.dynamoDb({ table: stack.table(...where) }) }),
  ],
  [
    'the state machine of target',
    'of a type',
    (stack, ...where) => stack.type({ target: DispatchTarget.stateMachine(stack.machine(...where)) }),
  ],
  ['target', 'a queue', (stack, ...where) => stack.route(IngestTarget.existingQueue(stack.queue(...where)))],
  ['target', 'a function', (stack, ...where) => stack.route(IngestTarget.lambdaFunction(stack.handler(...where)))],
  ['target', 'a state machine', (stack, ...where) => stack.route(IngestTarget.stateMachine(stack.machine(...where)))],
  [
    'bucket',
    'of a FileIngestBucket',
    (stack, ...where) => new FileIngestBucket(stack, 'Inbox', { bucket: stack.bucket(...where) }),
  ],
  [
    'source',
    'of a route',
    (stack, region, account) =>
      new IngestRoute(stack, 'Route', {
        source: new FileIngestBucket(new Stack(stack.app, 'Storage', { env: { region, account } }), 'Inbox'),
        target: IngestTarget.queue(),
      }),
  ],
  [
    'source',
    'of a dispatcher',
    (stack, region, account) =>
      new TypedDispatcher(stack, 'Dispatcher').addBucket(
        'Files',
        new FileIngestBucket(new Stack(stack.app, 'Storage', { env: { region, account } }), 'Inbox'),
      ),
  ],
];

const inRegion: [string, string, Create][] = [
  ['preparation', 'of a workflow', (stack, ...where) => stack.workflow({ preparation: stack.handler(...where) })],
  ['eventBus', 'of a workflow', (stack, ...where) => stack.workflow({ eventBus: stack.bus(...where) })],
  ['eventBus', 'of exports', (stack, ...where) => stack.exports({ eventBus: stack.bus(...where) })],
  [
    'topic',
    'of alerts',
    (stack, ...where) => new TaskLifecycleAlerts(stack, 'Alerts', { topic: stack.topic(...where) }),
  ],
  [
    'the queue of target',
    'of a type',
    (stack, ...where) => stack.type({ target: DispatchTarget.queue(stack.queue(...where)) }),
  ],
  [
    'matchFunction',
    'of a type',
    (stack, ...where) =>
      stack.type({
        target: DispatchTarget.queue(new sqs.Queue(stack, 'Own')),
        matchFunction: stack.handler(...where),
      }),
  ],
];

const refusal = (prop: string, dimension: string) =>
  new RegExp(`^${prop} cannot be in another ${dimension} than its stack, because .+, got: .+ and .+; use one in `);

describe('A resource that is known to be elsewhere is refused', () => {
  it.each([...inBoth, ...inRegion])('in another region: %s %s', (prop, _, create) => {
    expect(() => {
      create(new Pipeline(), 'us-east-1', HERE.account);
    }).toThrow(refusal(prop, 'region'));
  });

  it.each(inBoth)('in another account: %s %s', (prop, _, create) => {
    expect(() => {
      create(new Pipeline(), HERE.region, '999988887777');
    }).toThrow(refusal(prop, 'account'));
  });

  it.each(inRegion)('but not in another account, where a policy can allow it: %s %s', (_, _of, create) => {
    expect(() => {
      create(new Pipeline(), HERE.region, '999988887777');
    }).not.toThrow();
  });

  it('and not if the environment of the stack is unknown', () => {
    const test = createTestApp();
    const queue = sqs.Queue.fromQueueArn(test.stack, 'TheQueue', 'arn:aws:sqs:us-east-1:999988887777:jobs');
    expect(
      () => new QueueScaledFargateWorker(test.stack, 'Worker', { cluster: test.cluster, image, queue }),
    ).not.toThrow();
  });

  it('with the values and the remedy', () => {
    expect(() => {
      new Pipeline().worker({ queue: new Pipeline('Other').queue('us-east-1', HERE.account) });
    }).toThrow(
      new Error(
        'queue cannot be in another region than its stack, because the metrics for scaling and alarms are in the account and region of the queue, got: us-east-1 and eu-west-1; ' +
          'use one in eu-west-1, or create the construct in a stack in us-east-1 [at Pipeline/Worker]',
      ),
    );
  });
});

describe('A function that was imported without its role is refused', () => {
  const message =
    'access needs a role, and that of an imported function is unknown; import it with its role: Function.fromFunctionAttributes(scope, id, { functionArn, role })';

  it.each<[string, (stack: Pipeline, handler: lambda.IFunction) => void]>([
    ['as the target of a route', (stack, handler) => stack.route(IngestTarget.lambdaFunction(handler))],
    [
      'as the processor of a workflow',
      (stack, handler) => stack.workflow({ processor: BatchProcessor.lambdaFunction(handler) }),
    ],
    [
      'as a reader of an encrypted bucket',
      (stack, handler) =>
        new FileIngestBucket(stack, 'Inbox', { encryptionKey: new kms.Key(stack, 'Key') }).grantRead(handler),
    ],
  ])('%s', (_, create) => {
    const stack = new Pipeline();
    expect(() => {
      create(stack, stack.handler(HERE.region, HERE.account));
    }).toThrow(message);
  });

  it('and accepted where it needs no access', () => {
    const stack = new Pipeline();
    stack.exports({ postProcessing: PostProcessing.lambdaFunction(stack.handler(HERE.region, HERE.account)) });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 1);
  });
});

describe('Post-processing by a queue', () => {
  it('can be in the stack of the cluster', () => {
    const test = createTestApp();
    const queue = new sqs.Queue(test.shared, 'After', { encryptionMasterKey: new kms.Key(test.shared, 'Key') });
    const postProcessing = PostProcessing.queue(queue);
    new ExportOrchestrator(test.stack, 'Exports', { cluster: test.cluster, image, postProcessing });
    Template.fromStack(test.stack).hasResourceProperties('AWS::Events::Rule', { Targets: [Match.anyValue()] });
    Template.fromStack(test.shared).hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          {
            Action: 'sqs:SendMessage',
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: {
                'aws:SourceArn': [{ 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':rule/\\*$')])] }],
              },
            },
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^After'), 'Arn'] },
          },
        ],
      },
    });
  });

  it('warns that an imported queue must allow its rule', () => {
    const stack = new Pipeline();
    stack.exports({ postProcessing: PostProcessing.queue(stack.queue(HERE.region, HERE.account)) });
    Annotations.fromStack(stack).hasWarning(
      '/Pipeline/Exports/PostProcessing/Rule',
      Match.stringLikeRegexp('must allow events.amazonaws.com .*cdk-fileworks:ExportOrchestrator.importedTargetQueue'),
    );
  });
});
