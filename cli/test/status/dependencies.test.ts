import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { LocalCloud } from '../../../local/src';
import { writeApp } from '../../../local/test/support/app';
import { TOOLS } from '../../../local/test/support/cloud';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../../src/contract/metric-names';
import { fileworks, useEndpoint } from '../support/command';

jest.setTimeout(120_000);

let cloud: LocalCloud;

beforeAll(async () => {
  const app = writeApp({
    Jobs: {
      Resources: { OrdersQueue12345678: { Type: 'AWS::SQS::Queue' } },
      Outputs: { QueueName: { Value: { 'Fn::GetAtt': ['OrdersQueue12345678', 'QueueName'] } } },
    },
  });
  // At the speed of this machine, by whose clock the metrics are dated
  cloud = await LocalCloud.start({ app, tasks: { tasks: [] }, toolsDir: TOOLS });
  useEndpoint(cloud);
  process.env.FILEWORKS_STACK = 'Jobs';
});

afterAll(() => cloud.stop());

test('a dependency for which jobs wait is shown by its name, and another one of the same queue as well', async () => {
  const cloudWatch = new CloudWatchClient(cloud.clientConfig());
  const QueueName = cloud.outputs('Jobs').QueueName;
  const report = (queueName: string, seconds: number, dependency?: string, minutesAgo = 1) =>
    cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: METRIC_NAMESPACE,
        MetricData: [
          {
            MetricName: WorkerMetrics.dependencyUnavailableTime,
            Value: seconds,
            Timestamp: new Date(Date.now() - minutesAgo * 60_000),
            Dimensions: [
              { Name: MetricDimensions.queue, Value: queueName },
              ...(dependency === undefined ? [] : [{ Name: MetricDimensions.dependency, Value: dependency }]),
            ],
          },
        ],
      }),
    );
  const unavailable = async () => {
    const { out, err } = await fileworks(['--json', 'status']);
    expect(err).toBe('');
    return (JSON.parse(out) as { unavailable: object[] }).unavailable;
  };
  expect(await unavailable()).toEqual([]);
  await report('of-another-stack', 60, 's3 orders');
  await report(QueueName, 60, 'answers again', 10);
  expect(await unavailable()).toEqual([]);
  // CloudWatch lists the metric of a new dependency late
  await report(QueueName, 300);
  expect(await unavailable()).toEqual([{ queue: 'Orders', seconds: 300 }]);
  await report(QueueName, 240, 's3 orders', 2);
  await report(QueueName, 300, 's3 orders');
  await report(QueueName, 60, 'api');
  expect(await unavailable()).toEqual([
    { queue: 'Orders', dependency: 's3 orders', seconds: 300 },
    { queue: 'Orders', dependency: 'api', seconds: 60 },
  ]);
  const { out } = await fileworks(['status']);
  expect(out).toMatch(
    /Hops 5 and 6: unavailable dependencies\nQUEUE +DEPENDENCY +UNAVAILABLE FOR\nOrders +s3 orders +5 min/,
  );
  expect(out).toMatch(/hop 5: jobs of Orders wait for api, which has been unavailable for 1 min/);
  cloudWatch.destroy();
});
