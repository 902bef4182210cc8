import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { AddPermissionCommand, GetFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { join } from 'node:path';
import { LocalCloud } from '../src';
import { FIXTURES, TOOLS } from './support/cloud';

jest.setTimeout(180_000);

let cloud: LocalCloud;
let lambda: LambdaClient;
let events: EventBridgeClient;
let cloudWatch: CloudWatchClient;

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: join(FIXTURES, 'clock'), toolsDir: TOOLS });
  lambda = new LambdaClient(cloud.clientConfig());
  events = new EventBridgeClient(cloud.clientConfig());
  cloudWatch = new CloudWatchClient(cloud.clientConfig());
});

afterAll(async () => {
  [lambda, events, cloudWatch].forEach((client) => client.destroy());
  await cloud.stop();
});

/** The sums of a metric of the function since `start`. */
async function sumOf(name: string, functionName: string, start: number): Promise<number | undefined> {
  const { MetricDataResults: [{ Values: values = [] }] = [{}] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(Math.floor(start / 60_000) * 60_000),
      EndTime: new Date(cloud.clock.now() + 60_000),
      MetricDataQueries: [
        {
          Id: 'm',
          MetricStat: {
            Metric: {
              Namespace: 'AWS/Lambda',
              MetricName: name,
              Dimensions: [{ Name: 'FunctionName', Value: functionName }],
            },
            Period: 60,
            Stat: 'Sum',
          },
        },
      ],
    }),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

test('every invocation counts once, by the API and by the target of a rule', async () => {
  const name = cloud.outputs('Waits')['FunctionRef'];
  const start = cloud.clock.now();
  await lambda.send(new InvokeCommand({ FunctionName: name, Payload: '{}' }));
  expect(await sumOf('Invocations', name, start)).toBe(1);

  const { RuleArn: rule } = await events.send(
    new PutRuleCommand({ Name: 'each-minute', ScheduleExpression: 'rate(1 minute)' }),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: name,
      StatementId: 'events',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: rule,
    }),
  );
  const { Configuration: { FunctionArn: arn } = {} } = await lambda.send(
    new GetFunctionCommand({ FunctionName: name }),
  );
  await events.send(new PutTargetsCommand({ Rule: 'each-minute', Targets: [{ Id: 'f', Arn: arn }] }));
  for (let minute = 0; minute < 5; minute++) {
    await cloud.clock.advance(60);
    await new Promise((done) => setTimeout(done, 500));
  }
  const invocations = await sumOf('Invocations', name, start);
  expect(invocations).toBeGreaterThanOrEqual(5);
  expect(invocations).toBeLessThanOrEqual(7);
  expect(await sumOf('Errors', name, start)).toBe(0);
});
