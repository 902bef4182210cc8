import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { SQSClient } from '@aws-sdk/client-sqs';
import { handler } from '../../../src/handlers/wake-up';

const environment = {
  FILEWORKS_QUEUE_URLS: 'https://sqs.eu-west-1.amazonaws.com/111122223333/jobs',
  FILEWORKS_SCALABLE_SERVICE: 'service/cluster/worker',
  FILEWORKS_MIN_TASKS: '0',
  FILEWORKS_MAX_TASKS: '20',
  FILEWORKS_MESSAGES_PER_TASK: '2',
};

interface Call {
  readonly name: string;
  readonly input: unknown;
}

const calls: Call[] = [];
const attributes: Record<string, string> = {};
let reported: number[] = [];
let refused: Error | undefined;

/** Each client answers from the variables above and notes what it was asked. */
function answer(client: { readonly prototype: object }, reply: () => unknown): void {
  jest
    .spyOn(client.prototype as { send: (command: { readonly input: unknown }) => Promise<unknown> }, 'send')
    .mockImplementation((command) => {
      calls.push({ name: command.constructor.name, input: command.input });
      return refused ? Promise.reject(refused) : Promise.resolve(reply());
    });
}

beforeEach(() => {
  calls.length = 0;
  reported = [];
  refused = undefined;
  Object.assign(attributes, { ApproximateNumberOfMessages: '9', ApproximateNumberOfMessagesNotVisible: '2' });
  Object.assign(process.env, environment);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  answer(SQSClient, () => ({ Attributes: attributes }));
  answer(CloudWatchClient, () => ({ MetricDataResults: [{ Id: 'backlog', Values: reported }] }));
  answer(ApplicationAutoScalingClient, () => ({}));
});

afterEach(() => {
  jest.restoreAllMocks();
  for (const name of Object.keys(environment)) {
    Reflect.deleteProperty(process.env, name);
  }
});

const wakeUp = (ageSeconds: number, messageId = 'first') => ({
  messageId,
  body: '{"wakeUp":true}',
  attributes: { SentTimestamp: String(Date.now() - ageSeconds * 1_000) },
});

const floor = () => calls.find(({ name }) => name === 'RegisterScalableTargetCommand')?.input;

describe('the wake-up function', () => {
  it('holds a task for every two jobs and leaves the message in the queue', async () => {
    await expect(handler({ Records: [wakeUp(120)] })).resolves.toEqual({
      batchItemFailures: [{ itemIdentifier: 'first' }],
    });
    expect(floor()).toEqual({
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      ResourceId: 'service/cluster/worker',
      MinCapacity: 6,
    });
  });

  it('makes three calls, whatever the backlog', async () => {
    attributes['ApproximateNumberOfMessages'] = '100000';
    await handler({ Records: [wakeUp(120)] });
    expect(calls.map(({ name }) => name).sort()).toEqual([
      'GetMetricDataCommand',
      'GetQueueAttributesCommand',
      'RegisterScalableTargetCommand',
    ]);
  });

  it('asks for the metrics by which the alarms scale', async () => {
    await handler({ Records: [wakeUp(120)] });
    const { MetricDataQueries: queries } = calls.find(({ name }) => name === 'GetMetricDataCommand')?.input as {
      MetricDataQueries: unknown[];
    };
    expect(queries).toEqual([
      expect.objectContaining({
        MetricStat: expect.objectContaining({
          Metric: {
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateNumberOfMessagesVisible',
            Dimensions: [{ Name: 'QueueName', Value: 'jobs' }],
          },
        }),
      }),
      expect.objectContaining({
        MetricStat: expect.objectContaining({
          Metric: expect.objectContaining({ MetricName: 'ApproximateNumberOfMessagesNotVisible' }),
        }),
      }),
      { Id: 'backlog', Expression: 'visible0 + FILL(inFlight0, 0)' },
    ]);
  });

  it('counts the jobs of every queue of the worker', async () => {
    process.env['FILEWORKS_QUEUE_URLS'] =
      `${environment.FILEWORKS_QUEUE_URLS} https://sqs.eu-west-1.amazonaws.com/111122223333/express`;
    await handler({ Records: [wakeUp(120)] });
    expect(floor()).toMatchObject({ MinCapacity: 11 });
    const { MetricDataQueries: queries } = calls.find(({ name }) => name === 'GetMetricDataCommand')?.input as {
      MetricDataQueries: unknown[];
    };
    expect(queries).toContainEqual({
      Id: 'backlog',
      Expression:
        'IF(FILL(visible0, -1) + FILL(visible1, -1) > -2, FILL(visible0, 0) + FILL(visible1, 0), visible0) + FILL(inFlight0, 0) + FILL(inFlight1, 0)',
    });
  });

  it('starts a task for an arrival that the queue does not count yet', async () => {
    Object.assign(attributes, { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
    await handler({ Records: [wakeUp(1)] });
    expect(floor()).toMatchObject({ MinCapacity: 1 });
  });

  it('resets the minimum and ends when the metrics show the backlog', async () => {
    reported = [11, 11];
    await expect(handler({ Records: [wakeUp(600)] })).resolves.toEqual({ batchItemFailures: [] });
    expect(floor()).toMatchObject({ MinCapacity: 0 });
  });

  it('lets no message overtake one that stays', async () => {
    await expect(handler({ Records: [wakeUp(120), wakeUp(60, 'second')] })).resolves.toEqual({
      batchItemFailures: [{ itemIdentifier: 'first' }, { itemIdentifier: 'second' }],
    });
    expect(calls).toHaveLength(3);
  });

  it('fails when a call fails, so that the message comes back and ends in the dead-letter queue at last', async () => {
    refused = new Error('AccessDenied');
    await expect(handler({ Records: [wakeUp(120)] })).rejects.toThrow('AccessDenied');
  });

  it('fails when the environment is not what the construct writes', async () => {
    process.env['FILEWORKS_MAX_TASKS'] = 'many';
    await expect(handler({ Records: [wakeUp(120)] })).rejects.toThrow(
      'the environment variable FILEWORKS_MAX_TASKS must be a number, got: many; the construct of this function sets it: deploy the stack again',
    );
    delete process.env['FILEWORKS_QUEUE_URLS'];
    process.env['FILEWORKS_MAX_TASKS'] = '1';
    await expect(handler({ Records: [wakeUp(120)] })).rejects.toThrow(
      'the environment variable FILEWORKS_QUEUE_URLS is missing',
    );
  });
});
