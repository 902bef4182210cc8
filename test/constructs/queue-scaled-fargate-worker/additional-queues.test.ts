import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  FileIngestBucket,
  IngestTarget,
  QueueScaling,
  SpotStrategy,
  WakeUp,
  type QueueScaledFargateWorkerProps,
} from '../../../src';
import { createTestApp, createWorker, environmentOf, resourceCount, synth } from '../../support/cdk-stacks';

it('takes jobs from further queues, each with a dead-letter queue and an alarm, and tells the worker of them by weight', () => {
  const test = createTestApp();
  const worker = createWorker(test, {
    additionalQueues: { Express: { weight: 8 } },
    visibilityTimeout: Duration.minutes(9),
    queueWeight: 2,
  });

  const template = synth(test);

  expect(environmentOf(template)).toMatchObject({
    FILEWORKS_QUEUE_URL: { Ref: expect.stringMatching(/^WorkerQueue/) as string },
    FILEWORKS_ADDITIONAL_QUEUES: {
      'Fn::Join': [
        '',
        [
          '[{"url":"',
          { Ref: expect.stringMatching(/^WorkerExpressQueue/) as string },
          '","deadLetterQueueUrl":"',
          { Ref: expect.stringMatching(/^WorkerExpressDeadLetterQueue/) as string },
          '","maxReceiveCount":5,"weight":8}]',
        ],
      ],
    },
    FILEWORKS_QUEUE_WEIGHT: '2',
    FILEWORKS_QUEUE_STRATEGY: 'weighted',
  });
  // Two queues with a policy each, and an alarm.
  expect(resourceCount(template)).toBe(26);
  template.resourcePropertiesCountIs('AWS::SQS::Queue', { VisibilityTimeout: 540 }, 2);
  template.hasResourceProperties('AWS::IAM::Policy', {
    Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
    PolicyDocument: {
      Statement: Match.arrayWith([
        {
          Effect: 'Allow',
          Action: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:SendMessage'],
          Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerExpressQueue'), 'Arn'] },
        },
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerExpressDeadLetterQueue'), 'Arn'] },
        },
      ]),
    },
  });
  expect(worker.additionalQueues.Express.deadLetterAlarm?.node.path).toBe('Pipeline/Worker/Express/DeadLetterAlarm');
});

it('scales on the jobs of all queues, and counts one as empty that sends no metrics', () => {
  const test = createTestApp();
  createWorker(test, {
    additionalQueues: { Express: {}, Backfill: {} },
    alarmNotStartingFor: Duration.minutes(10),
    alarmOldestMessageAge: Duration.hours(1),
  });
  const template = synth(test);
  const visible =
    'IF(FILL(visible, -1) + FILL(visible2, -1) + FILL(visible3, -1) > -3, FILL(visible, 0) + FILL(visible2, 0) + FILL(visible3, 0), visible)';
  const inFlight = 'FILL(inFlight, 0) + FILL(inFlight2, 0) + FILL(inFlight3, 0)';
  for (const Expression of [
    `IF(MIN([FILL(unavailable, 0), FILL(unavailable2, 0), FILL(unavailable3, 0)]) >= 600, 1, ${visible} + ${inFlight})`,
    'MAX([FILL(unavailable, 0), FILL(unavailable2, 0), FILL(unavailable3, 0)])',
    `IF(${inFlight} > 0, 0, ${visible})`,
    'MAX([age, age2, age3, held, held2, held3])',
  ]) {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: Match.arrayWith([Match.objectLike({ Expression })]),
    });
  }
});

it.each([
  ['steps', QueueScaling.exact()],
  ['target tracking', QueueScaling.backlogPerTask()],
])('keeps within ten metrics for an alarm with %s and as many queues as may be', (_, scaling) => {
  const test = createTestApp();
  createWorker(test, { additionalQueues: { A: {}, B: {}, C: {} }, scaling });
  const template = synth(test);
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')) as {
    Properties: { Metrics?: { MetricStat?: object }[] };
  }[];
  const counts = alarms.map(
    ({ Properties: { Metrics: metrics = [] } }) => metrics.filter(({ MetricStat: stat }) => stat !== undefined).length,
  );
  expect(Math.max(...counts)).toBeGreaterThanOrEqual(8);
  expect(Math.max(...counts)).toBeLessThanOrEqual(10);
});

it('takes existing queues, with strict priority and a wake-up that looks at all of them', () => {
  const test = createTestApp();
  const queue = sqs.Queue.fromQueueArn(test.stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs');
  const worker = createWorker(test, {
    additionalQueues: { Jobs: { queue } },
    strictPriority: true,
    wake: WakeUp.onArrival(),
  });

  const template = synth(test);

  expect(worker.additionalQueues.Jobs).toEqual({ queue, deadLetterQueue: undefined, deadLetterAlarm: undefined });
  expect(environmentOf(template)).toMatchObject({ FILEWORKS_QUEUE_STRATEGY: 'strict' });
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: Match.objectLike({
        FILEWORKS_QUEUE_URLS: {
          'Fn::Join': [
            '',
            Match.arrayWith([{ Ref: Match.stringLikeRegexp('^WorkerQueue') }, ' https://sqs.eu-west-1.']),
          ],
        },
      }),
    },
  });
});

it('gets the files of a route into the queue that it names', () => {
  const test = createTestApp();
  const worker = createWorker(test, { additionalQueues: { Express: {} } });
  new FileIngestBucket(test.stack, 'Inbox').addRoute('Small', {
    target: IngestTarget.worker(worker, { additionalQueue: 'Express' }),
  });
  synth(test).hasResourceProperties('AWS::Events::Rule', {
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerExpressQueue'), 'Arn'] } })],
  });
});

it('throws for a route to a queue that the worker does not have', () => {
  const test = createTestApp();
  const target = IngestTarget.worker(createWorker(test, { additionalQueues: { Express: {} } }), {
    additionalQueue: 'Slow',
  });
  expect(() => new FileIngestBucket(test.stack, 'Inbox').addRoute('Small', { target })).toThrow(
    new Error(
      "additionalQueue must be one of the worker's additionalQueues (Express), got: Slow [at Pipeline/Inbox/Small]",
    ),
  );
});

it.each<[string, Partial<QueueScaledFargateWorkerProps>]>([
  [
    'additionalQueues can hold 3 queues, because an alarm over more would have too many metrics, got: 4; use a second worker',
    { additionalQueues: { A: {}, B: {}, C: {}, D: {} } },
  ],
  [
    'additionalQueues.Express.weight must be a whole number from 1 to 1000, got: 0',
    { additionalQueues: { Express: { weight: 0 } } },
  ],
  [
    'queueWeight must be a whole number from 1 to 1000, got: 1001',
    { additionalQueues: { Express: {} }, queueWeight: 1_001 },
  ],
  [
    'queueWeight, strictPriority cannot be set together with a single queue; add additionalQueues, or omit them',
    { queueWeight: 3, strictPriority: true },
  ],
])('throws: %s', (message, props) => {
  expect(() => createWorker(createTestApp(), props)).toThrow(new Error(`${message} [at Pipeline/Worker]`));
});

it('throws for the dead-letter queue of a further queue that is not given', () => {
  const test = createTestApp();
  const deadLetterQueue = sqs.Queue.fromQueueArn(test.stack, 'Dead', 'arn:aws:sqs:eu-west-1:111122223333:dead');
  expect(() => createWorker(test, { additionalQueues: { Express: { deadLetterQueue } } })).toThrow(
    'deadLetterQueue cannot be set together with a new queue in additionalQueues.Express; set queue too, or let the construct create both [at Pipeline/Worker]',
  );
});

describe('the names of additional queues', () => {
  it('are not those of parts of the worker, whatever its options', () => {
    const test = createTestApp();
    const parts = createWorker(test, {
      wake: WakeUp.onArrival(),
      capacity: SpotStrategy.spotOnly(),
      fallbackToOnDemand: true,
      alarmOldestMessageAge: Duration.hours(1),
      alarmNotStartingFor: Duration.minutes(10),
      alarmSaturatedFor: Duration.hours(1),
    }).node.children.map(({ node }) => node.id);
    for (const name of [...parts, 'Ingress', '', ' ']) {
      expect(() => createWorker(createTestApp(), { additionalQueues: { [name]: {} } })).toThrow(
        `a queue in additionalQueues needs a name that is not empty and not that of a part of the worker, got: '${name}'; name it after its jobs [at Pipeline/Worker]`,
      );
    }
  });

  it('are of different queues', () => {
    const test = createTestApp();
    const queue = new sqs.Queue(test.stack, 'Jobs');
    const again = sqs.Queue.fromQueueArn(test.stack, 'Same', queue.queueArn);
    const deadLetterQueue = new sqs.Queue(test.stack, 'Dead');
    expect(() => createWorker(test, { queue, deadLetterQueue, additionalQueues: { More: { queue: again } } })).toThrow(
      'additionalQueues.More is the queue of queue too, whose weight it would share; list each queue once',
    );
    expect(() => createWorker(test, { additionalQueues: { A: { queue }, B: { queue } } }, 'Other')).toThrow(
      'additionalQueues.B is the queue of additionalQueues.A too, whose weight it would share; list each queue once',
    );
  });
});
