import { Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationListener,
  ListenerCondition,
  type IApplicationListener,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  BatchFileLoader,
  BatchProcessor,
  ChunkedBatchWorkflow,
  type ChunkedBatchWorkflowProps,
  type BatchFileLoaderProps,
  DatabaseLogin,
  DispatchTarget,
  ExportOrchestrator,
  FileIngestBucket,
  FilingMode,
  LoadMapping,
  ScheduledFargateJob,
  StateStore,
  TypeConcurrency,
  TypedDispatcher,
} from 'cdk-fileworks';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { createTestApp, createWorker, image, type TestApp } from '../../support/cdk-stacks';

const ARN = 'arn:aws:sqs:eu-central-1:111122223333:jobs';
const importQueue = ({ stack }: TestApp, id: string) => sqs.Queue.fromQueueArn(stack, id, ARN);
const competing = 'and two would compete for its messages; use one of them, or a queue for each';

function createLoader(test: TestApp, id: string, props: Partial<BatchFileLoaderProps> = {}): BatchFileLoader {
  const source = new FileIngestBucket(test.stack, `${id}Inbox`);
  return new BatchFileLoader(test.stack, id, {
    vpc: test.vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(test.stack, `${id}Secret`, id)),
    routes: { All: { source, mapping: LoadMapping.json({ table: 'rows', columns: [{ name: 'id' }] }) } },
    ...props,
  });
}

function createBatches(
  { stack, cluster }: TestApp,
  id: string,
  props: Pick<ChunkedBatchWorkflowProps, 'bucket' | 'prefixes' | 'filing'>,
): ChunkedBatchWorkflow {
  return new ChunkedBatchWorkflow(stack, id, { processor: BatchProcessor.fargateTask({ cluster, image }), ...props });
}

function createTaskDefinition({ stack }: TestApp): ecs.FargateTaskDefinition {
  const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task', { cpu: 512, memoryLimitMiB: 1_024 });
  taskDefinition.addContainer('Main', { image });
  return taskDefinition;
}

describe('what one construct can have alone', () => {
  test.each<[string, string, (test: TestApp) => void]>([
    [
      'a queue of two workers',
      `queue already has the consumer Pipeline/First, ${competing} [at Pipeline/Second]`,
      (test) => {
        const { queue } = createWorker(test, {}, 'First');
        createWorker(test, { queue }, 'Second');
      },
    ],
    [
      'an imported queue of two workers',
      `additionalQueues.Express already has the consumer Pipeline/First, ${competing} [at Pipeline/Second]`,
      (test) => {
        createWorker(test, { queue: importQueue(test, 'One') }, 'First');
        createWorker(test, { additionalQueues: { Express: { queue: importQueue(test, 'Two') } } }, 'Second');
      },
    ],
    [
      'a queue of a worker and a loader',
      `queue already has the consumer Pipeline/Worker, ${competing} [at Pipeline/Loader]`,
      (test) => {
        createLoader(test, 'Loader', { queue: createWorker(test).queue });
      },
    ],
    [
      'a queue of both services of an ExportOrchestrator',
      `queue already has the consumer Pipeline/Exports/Worker, ${competing} [at Pipeline/Exports/Orchestrator]`,
      (test) => {
        const queue = new sqs.Queue(test.stack, 'Jobs');
        const { stack, cluster } = test;
        new ExportOrchestrator(stack, 'Exports', { cluster, image, orchestrator: { queue }, downloader: { queue } });
      },
    ],
    [
      'a task definition of two workers',
      'taskDefinition already has the worker Pipeline/First, and holds the queue of one worker in its environment; create a task definition for each [at Pipeline/Second]',
      (test) => {
        const taskDefinition = createTaskDefinition(test);
        createWorker(test, { image: undefined, taskDefinition }, 'First');
        createWorker(test, { image: undefined, taskDefinition }, 'Second');
      },
    ],
    [
      'a function of two loaders',
      'handlerFunction already has the loader Pipeline/First, and holds the settings of one loader in its environment; create a function for each [at Pipeline/Second]',
      (test) => {
        const handlerFunction = new lambda.Function(test.stack, 'Function', {
          runtime: lambda.Runtime.NODEJS_24_X,
          handler: 'index.handler',
          code: lambda.Code.fromInline('exports.handler = () => {}'),
        });
        const { stack } = test;
        for (const id of ['First', 'Second']) {
          const routes = { All: { source: new FileIngestBucket(stack, `${id}Other`) } };
          createLoader(test, id, { vpc: undefined, handlerFunction, routes });
        }
      },
    ],
    [
      'a table of two dispatchers',
      'table already has the dispatcher Pipeline/First, and holds the files and pauses of one dispatcher; use a table for each [at Pipeline/Second]',
      ({ stack }) => {
        const arns = { tableArn: 'arn:aws:dynamodb:eu-central-1:111122223333:table/files', tableStreamArn: 'stream' };
        for (const id of ['First', 'Second']) {
          const table = dynamodb.Table.fromTableAttributes(stack, `${id}Table`, arns);
          new TypedDispatcher(stack, id, { stateStore: StateStore.dynamoDb({ table }) });
        }
      },
    ],
    [
      'a database of two dispatchers',
      'login already has the dispatcher Pipeline/First, and a database holds the files and pauses of one dispatcher; use a database for each [at Pipeline/Second]',
      ({ stack, vpc }) => {
        for (const id of ['First', 'Second']) {
          const login = DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: id, resourceId: 'db-1' });
          new TypedDispatcher(stack, id, { stateStore: StateStore.postgres({ login, vpc }) });
        }
      },
    ],
    [
      'a target queue of two dispatchers',
      'target already has the dispatcher Pipeline/First, and its worker takes turns with the state of one dispatcher; use a queue and a worker for each [at Pipeline/Second]',
      (test) => {
        const target = DispatchTarget.queue(createWorker(test).queue);
        for (const id of ['First', 'Second']) {
          new TypedDispatcher(test.stack, id).addType('A', {
            keys: ['**'],
            concurrency: TypeConcurrency.parallel(),
            target,
          });
        }
      },
    ],
    [
      'a prefix of two workflows',
      "prefixes 'a/' already has the workflow Pipeline/First, and two would take files from each other; use a prefix for each, or FilingMode.NONE [at Pipeline/Second]",
      (test) => {
        const bucket = s3.Bucket.fromBucketName(test.stack, 'Files', 'files');
        createBatches(test, 'First', { bucket, prefixes: ['b/', 'a/'] });
        createBatches(test, 'Second', { bucket, prefixes: ['a/'], filing: FilingMode.TAG });
      },
    ],
    [
      'a priority of a listener',
      'ingress.priority 7 already has the rule Pipeline/First, and a listener has one rule of each priority; set another one [at Pipeline/Second]',
      (test) => {
        const listener = listenerOf(test);
        const ingress = { listener, port: 80, priority: 7, conditions: [ListenerCondition.pathPatterns(['/a'])] };
        createWorker(test, { ingress }, 'First');
        createWorker(test, { ingress }, 'Second');
      },
    ],
  ])('throws for %s', (_, message, build) => {
    expect(() => {
      build(createTestApp());
    }).toThrow(new Error(message));
  });

  test('another app, another stack and another kind do not count', () => {
    const first = createTestApp();
    const second = createTestApp();
    createWorker(first, { queue: importQueue(first, 'Jobs') });
    createWorker(second, { queue: importQueue(second, 'Jobs') });

    const byName = (test: TestApp) => {
      const queueArn = test.stack.formatArn({ service: 'sqs', resource: 'others' });
      return createWorker(test, { queue: sqs.Queue.fromQueueArn(test.stack, 'Others', queueArn) }, 'Other');
    };
    byName(first);
    byName({ ...first, stack: new Stack(first.app, 'Copy') });

    const bucket = s3.Bucket.fromBucketName(first.stack, 'Files', 'files');
    createBatches(first, 'Moving', { bucket, prefixes: ['a/'] });
    createBatches(first, 'Reading', { bucket, prefixes: ['a/'], filing: FilingMode.NONE });
    createBatches(first, 'Beside', { bucket, prefixes: ['b/'] });

    const { stack, cluster } = first;
    const taskDefinition = createTaskDefinition(first);
    const worker = createWorker(first, { image: undefined, taskDefinition }, 'Third');
    const schedule = ScheduleExpression.expression('rate(1 hour)');
    new ScheduledFargateJob(stack, 'Job', { cluster, taskDefinition, schedule });
    const dispatcher = new TypedDispatcher(stack, 'Dispatcher');
    for (const id of ['A', 'B']) {
      dispatcher.addType(id, {
        keys: [`${id}/*`],
        concurrency: TypeConcurrency.parallel(),
        target: DispatchTarget.queue(worker.queue),
      });
    }
  });
});

function listenerOf({ stack }: TestApp): IApplicationListener {
  return ApplicationListener.fromApplicationListenerAttributes(stack, 'Listener', {
    listenerArn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/web/1/2',
    securityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Web', 'sg-1'),
  });
}
