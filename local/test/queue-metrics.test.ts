import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { join } from 'node:path';
import { LocalCloud, type QueueMetrics } from '../src';
import { FIXTURES, TOOLS } from './support/cloud';

jest.setTimeout(180_000);

const HOUR = 3_600;

describe.each<[QueueMetrics | undefined, number | undefined]>([
  [undefined, undefined],
  ['always', 0],
])('queue metrics, with the option %s', (queueMetrics, zero) => {
  let cloud: LocalCloud;
  let sqs: SQSClient;
  let cloudWatch: CloudWatchClient;

  beforeAll(async () => {
    cloud = await LocalCloud.start({
      app: join(FIXTURES, 'clock'),
      toolsDir: TOOLS,
      ...(queueMetrics !== undefined && { queueMetrics }),
    });
    sqs = new SQSClient(cloud.clientConfig());
    cloudWatch = new CloudWatchClient(cloud.clientConfig());
  });

  afterAll(async () => {
    [sqs, cloudWatch].forEach((client) => client.destroy());
    await cloud.stop();
  });

  const url = () => cloud.outputs('Waits')['JobsRef'];

  /** Visible messages, those in flight, and delayed ones in the newest minute. */
  async function newest(): Promise<(number | undefined)[]> {
    await cloud.clock.advance(60);
    const minute = Math.floor(cloud.clock.now() / 60_000) * 60_000;
    const { MetricDataResults: results = [] } = await cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(minute - 60_000),
        EndTime: new Date(minute),
        MetricDataQueries: ['Visible', 'NotVisible', 'Delayed'].map((name) => ({
          Id: name.toLowerCase(),
          MetricStat: {
            Metric: {
              Namespace: 'AWS/SQS',
              MetricName: `ApproximateNumberOfMessages${name}`,
              Dimensions: [{ Name: 'QueueName', Value: url().split('/').at(-1)! }],
            },
            Period: 60,
            Stat: 'Maximum',
          },
        })),
      }),
    );
    return ['visible', 'notvisible', 'delayed'].map((id) => results.find(({ Id }) => Id === id)?.Values?.[0]);
  }

  test('an idle queue has visible messages, and those in flight by the option', async () => {
    expect(await newest()).toEqual([0, zero, zero]);
  });

  test('messages in flight are reported while there are any', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: url(), MessageBody: 'work' }));
    expect(await newest()).toEqual([1, zero, zero]);
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url(), VisibilityTimeout: 600 }));
    expect(await newest()).toEqual([0, 1, zero]);
  });

  test('six hours after its last message and call, a queue has metrics by the option', async () => {
    // The message expires after two hours.
    await cloud.clock.advance(7 * HOUR);
    expect(await newest()).toEqual([0, zero, zero]);
    await cloud.clock.advance(2 * HOUR);
    expect(await newest()).toEqual([zero, zero, zero]);

    // WHEN a call makes it active again
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url() }));
    expect(await newest()).toEqual([0, zero, zero]);
  });
});
