import { type IPropertyInjector, Duration, PropertyInjectors } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BatchFileLoader, DatabaseLogin, FileIngestBucket, LoadMapping, TypedDispatcher, WakeUp } from 'cdk-fileworks';
import { createTestApp, createWorker, type TestApp } from '../../support/cdk-stacks';

const mapping = LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] });

function createLoader({ stack, vpc }: TestApp, queue: sqs.IQueue, handlerFunction?: lambda.Function): void {
  const own = handlerFunction !== undefined;
  new BatchFileLoader(stack, 'Loader', {
    vpc: own ? undefined : vpc,
    handlerFunction,
    queue,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'files')),
    routes: { All: { source: new FileIngestBucket(stack, 'Inbox'), mapping: own ? undefined : mapping } },
  });
}

const queueOf = ({ stack }: TestApp, seconds?: number) =>
  new sqs.Queue(stack, 'Queue', { visibilityTimeout: seconds === undefined ? undefined : Duration.seconds(seconds) });

const functionOf = ({ stack }: TestApp, timeout?: Duration) =>
  new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = () => {}'),
    timeout,
  });

const warnings = ({ stack }: TestApp) =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('shortVisibilityTimeout'))
    .map(({ entry }) => entry.data);

describe('a queue that a function consumes', () => {
  test.each<[string, (test: TestApp) => void, number, number]>([
    [
      'the timeout of a new function',
      (test) => {
        createLoader(test, queueOf(test, 119));
      },
      120,
      119,
    ],
    [
      'the timeout of a given function',
      (test) => {
        createLoader(test, queueOf(test), functionOf(test, Duration.minutes(1)));
      },
      60,
      30,
    ],
  ])('throws if its visibility timeout is below %s', (_, build, timeout, visibility) => {
    expect(() => {
      build(createTestApp());
    }).toThrow(
      `queue must have a visibility timeout of at least ${timeout} seconds, the timeout of the function, or Lambda refuses it, got: ${visibility}; ` +
        'set six times the timeout where the queue is created [at Pipeline/Loader]',
    );
  });

  test.each<[string, (test: TestApp) => void]>([
    ['a dispatcher', ({ stack }) => new TypedDispatcher(stack, 'Dispatcher')],
    ['a wake-up', (test) => createWorker(test, { wake: WakeUp.onArrival() })],
    ['a fallback to on-demand capacity', (test) => createWorker(test, { fallbackToOnDemand: true })],
  ])('throws if a property injector shortens that of %s', (_, build) => {
    const test = createTestApp();
    PropertyInjectors.of(test.stack).add(new ShortVisibility());

    expect(() => {
      build(test);
    }).toThrow('queue must have a visibility timeout of at least');
  });

  test.each<[string, number, (test: TestApp) => void]>([
    [
      'below the recommended one',
      1,
      (test) => {
        createLoader(test, queueOf(test, 774));
      },
    ],
    [
      'as recommended',
      0,
      (test) => {
        createLoader(test, queueOf(test, 775));
      },
    ],
    [
      'below the recommended one for the default timeout',
      1,
      (test) => {
        createLoader(test, queueOf(test, 72), functionOf(test));
      },
    ],
    [
      'as recommended for the default timeout',
      0,
      (test) => {
        createLoader(test, queueOf(test, 73), functionOf(test));
      },
    ],
    [
      'unknown, because the queue is imported',
      0,
      (test) => {
        createLoader(test, sqs.Queue.fromQueueArn(test.stack, 'Queue', 'arn:aws:sqs:eu-central-1:111122223333:files'));
      },
    ],
  ])('has a visibility timeout %s: %d warnings', (_, expected, build) => {
    const test = createTestApp();
    build(test);

    expect(warnings(test)).toHaveLength(expected);
  });
});

class ShortVisibility implements IPropertyInjector {
  readonly constructUniqueId = sqs.Queue.PROPERTY_INJECTION_ID;

  inject(props: sqs.QueueProps): sqs.QueueProps {
    return { ...props, visibilityTimeout: Duration.seconds(5) };
  }
}
