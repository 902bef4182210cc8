import {
  CloudWatchClient,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateScheduleCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { join } from 'node:path';
import { LocalCloud } from '../src';
import { FIXTURES, TOOLS, until } from './support/cloud';

jest.setTimeout(180_000);

const HOUR = 3_600;

let cloud: LocalCloud;
let sqs: SQSClient;
let sfn: SFNClient;
let lambda: LambdaClient;
let cloudWatch: CloudWatchClient;

async function start(speed: number): Promise<void> {
  cloud = await LocalCloud.start({ app: join(FIXTURES, 'clock'), toolsDir: TOOLS, speed });
  sqs = new SQSClient(cloud.clientConfig());
  sfn = new SFNClient(cloud.clientConfig());
  lambda = new LambdaClient(cloud.clientConfig());
  cloudWatch = new CloudWatchClient(cloud.clientConfig());
}

async function stop(): Promise<void> {
  [sqs, sfn, lambda, cloudWatch].forEach((client) => client.destroy());
  await cloud.stop();
}

const url = (queue: string) => cloud.outputs('Waits')[`${queue}Ref`];
const send = (queue: string, body = 'work') =>
  sqs.send(new SendMessageCommand({ QueueUrl: url(queue), MessageBody: body }));
const alarm = (logicalId: string) => cloud.alarms().find((view) => view.logicalId === logicalId)!;

async function receive(queue: string, options: { visibilitySeconds?: number } = {}): Promise<Message[]> {
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url(queue),
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
      ...(options.visibilitySeconds !== undefined && { VisibilityTimeout: options.visibilitySeconds }),
    }),
  );
  return messages;
}

/** All messages that can be received; each at most once. */
async function drain(queue: string): Promise<Message[]> {
  const all: Message[] = [];
  for (let some = await receive(queue); some.length > 0; some = await receive(queue)) {
    all.push(...some);
  }
  return all;
}

async function execute(what: string) {
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: url('Machine'), input: JSON.stringify({ do: what }) }),
  );
  await until(async () => {
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    return events.some(({ type }) => /^(Wait|Task|Parallel|Fail)StateEntered$/.test(type!));
  }, `the execution to ${what}`);
  return async () => {
    const { status, error } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return error ?? status;
  };
}

async function invoke(event: object): Promise<void> {
  await lambda.send(new InvokeCommand({ FunctionName: url('Function'), Payload: JSON.stringify(event) }));
}

async function putEvent(): Promise<void> {
  const events = new EventBridgeClient(cloud.clientConfig());
  await events.send(new PutEventsCommand({ Entries: [{ Source: 'app', DetailType: 'Asked', Detail: '{}' }] }));
  events.destroy();
}

async function put(name: string, values: number[]): Promise<void> {
  await cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: 'App',
      MetricData: [{ MetricName: name, Timestamp: new Date(), Values: values }],
    }),
  );
}

async function latest(queue: string, name: string): Promise<number | undefined> {
  const { MetricDataResults: [{ Values: values = [] }] = [{}] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(cloud.clock.now() - 120_000),
      EndTime: new Date(cloud.clock.now()),
      MetricDataQueries: [
        {
          Id: 'm',
          MetricStat: {
            Metric: {
              Namespace: 'AWS/SQS',
              MetricName: name,
              Dimensions: [{ Name: 'QueueName', Value: url(queue).split('/').at(-1)! }],
            },
            Period: 60,
            Stat: 'Maximum',
          },
        },
      ],
    }),
  );
  return values.at(0);
}

describe('a clock that is moved forward', () => {
  beforeAll(() => start(1));
  afterAll(stop);

  test('the clock starts at real time, and is moved forward by what is asked', async () => {
    const before = cloud.clock.now();
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
    await cloud.clock.advance(90.5);
    expect(cloud.clock.now() - before).toBeGreaterThanOrEqual(90_500);
    expect(() => cloud.clock.advance(0)).toThrow('seconds must be a number above 0, up to 1296000, got: 0');
    expect(() => cloud.clock.advance(Number.NaN)).toThrow('got: NaN');
  });

  test('six hours of an outage: schedules, alarms, waits, retention and delays are played in order', async () => {
    const started = Date.now();
    await drain('Ticks');
    await drain('Hours');
    await send('Jobs', 'expires');
    await send('Later', 'is delayed');
    const wait = await execute('wait');
    const heartbeat = await execute('beat');
    const retry = await execute('retry');
    await cloud.faults.refusePlacements(1_000);
    await putEvent();

    // WHEN nine minutes pass, nothing of it is due.
    await cloud.clock.advance(9 * 60);
    expect(await receive('Later')).toEqual([]);
    expect([await wait(), await heartbeat(), await retry()]).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);

    // WHEN six minutes more do, the delay and the heartbeats have ended.
    await cloud.clock.advance(6 * 60 + 30);
    expect(await receive('Later')).toMatchObject([{ Body: 'is delayed' }]);
    await until(async () => (await heartbeat()) === 'States.HeartbeatTimeout', 'the heartbeat to be missed');
    expect(await retry()).toBe('RUNNING');

    // WHEN an hour has passed, the state machine has waited and retried twice, and the message is old.
    await cloud.clock.advance(46 * 60);
    await until(async () => (await wait()) === 'SUCCEEDED', 'the Wait state');
    await until(async () => (await retry()) === 'AsAsked', 'the last retry');
    expect(alarm('OldAlarm').state).toBe('ALARM');
    const [old] = await receive('Jobs', { visibilitySeconds: 0 });
    expect((Date.now() - Number(old.Attributes!['SentTimestamp'])) / 1_000).toBeGreaterThan(HOUR);

    // WHEN five hours more pass, the message has expired; every hour and every five minutes an event came.
    for (let hour = 0; hour < 5; hour++) {
      await cloud.clock.advance(HOUR);
    }
    expect(await receive('Jobs')).toEqual([]);
    expect(alarm('OldAlarm').state).toBe('OK');
    const [dead] = await drain('DeadEvents');
    expect(dead.MessageAttributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumEventAgeInSeconds' },
      RETRY_ATTEMPTS: { StringValue: expect.stringMatching(/^[2-4]\d$/) as unknown },
    });
    expect(alarm('LostAlarm').transitions.map(({ to }) => to)).toEqual(['OK', 'ALARM', 'OK']);
    const hours = (await drain('Hours')).map(({ Body: body }) => JSON.parse(body!) as { at: string });
    expect(hours.length).toBeGreaterThanOrEqual(5);
    expect(hours.every(({ at }) => /T\d\d:00:/.test(at))).toBe(true);
    const ticks = await drain('Ticks');
    const scheduled = ticks.filter(({ Body: body }) => body!.includes('Scheduled Event')).length;
    expect(scheduled).toBeGreaterThanOrEqual(71);
    expect(scheduled).toBeLessThanOrEqual(76);
    process.stderr.write(`six hours in ${(Date.now() - started) / 1_000} s\n`);
  });

  test('alarms follow log lines, PutMetricData, functions and executions, with their actions and events', async () => {
    await cloud.clock.advance(900);
    await drain('Notices');
    await drain('StateChanges');
    expect(alarm('RefusedAlarm').state).toBe('OK');

    // WHEN three of four five-minute periods have refusals in the log, two of three do.
    await invoke({ refused: 2 });
    await cloud.clock.advance(300);
    expect(alarm('RefusedAlarm').state).toBe('OK');
    await invoke({ refused: 1 });
    await cloud.clock.advance(60);
    expect(alarm('RefusedAlarm').state).toBe('ALARM');
    const [notice] = await until(async () => {
      const messages = await drain('Notices');
      return messages.length > 0 && messages;
    }, 'the notice of the alarm');
    expect(JSON.parse(notice.Body!)).toMatchObject({ NewStateValue: 'ALARM', OldStateValue: 'OK' });
    const changes = (await drain('StateChanges')).map(({ Body: body }) => JSON.parse(body!) as { detail: unknown });
    expect(changes).toContainEqual(
      expect.objectContaining({
        source: 'aws.cloudwatch',
        resources: [expect.stringContaining(':alarm:')],
        detail: expect.objectContaining({
          alarmName: alarm('RefusedAlarm').name,
          state: expect.objectContaining({ value: 'ALARM' }),
          previousState: { value: 'OK' },
        }) as unknown,
      }),
    );

    await Promise.all([invoke({ fail: true }), execute('fail')]);
    await put('Seconds', [1, 2, 3, 4, 5, 6, 7, 8, 11, 12]);
    await cloud.clock.advance(60);
    expect(['ErrorsAlarm', 'FailedAlarm', 'SlowAlarm'].map((id) => [id, alarm(id).state])).toEqual([
      ['ErrorsAlarm', 'ALARM'],
      ['FailedAlarm', 'ALARM'],
      ['SlowAlarm', 'ALARM'],
    ]);

    await cloud.clock.advance(60);
    expect(alarm('AnyAlarm').state).toBe('ALARM');

    // WHEN nothing more comes, what has missing data that is not breaching is OK.
    await cloud.clock.advance(1_200);
    expect(
      ['ErrorsAlarm', 'FailedAlarm', 'SlowAlarm', 'RefusedAlarm', 'AnyAlarm'].map((id) => alarm(id).state),
    ).toEqual(['OK', 'OK', 'OK', 'OK', 'OK']);
  });

  test('fifteen minutes without data are in ALARM where missing data is breaching, and one value ends it', async () => {
    await cloud.clock.advance(16 * 60);
    expect(alarm('MissingAlarm').state).toBe('ALARM');
    await put('Beats', [1]);
    await cloud.clock.advance(60);
    expect(alarm('MissingAlarm').state).toBe('OK');
  });

  test('a state that a program sets holds until the next minute', async () => {
    const { name } = alarm('ErrorsAlarm');
    await cloudWatch.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: 'ALARM', StateReason: 'a drill' }));
    await cloud.clock.advance(60);
    expect(alarm('ErrorsAlarm').transitions.slice(-2)).toMatchObject([
      { from: 'OK', to: 'ALARM', reason: 'a drill' },
      { from: 'ALARM', to: 'OK' },
    ]);
  });

  test('GetMetricData and ListMetrics answer for queues, with expressions, to clients on real time', async () => {
    await Promise.all([send('Later'), send('Fair'), send('Fair')]);
    await cloud.clock.advance(180);
    const stat = (queue: string, name: string) => ({
      Metric: {
        Namespace: 'AWS/SQS',
        MetricName: name,
        Dimensions: [{ Name: 'QueueName', Value: url(queue).split('/').at(-1)! }],
      },
      Period: 60,
      Stat: 'Maximum',
    });
    const window = { StartTime: new Date(Date.now() - 150_000), EndTime: new Date() };
    const { MetricDataResults: results = [] } = await cloudWatch.send(
      new GetMetricDataCommand({
        ...window,
        MetricDataQueries: [
          { Id: 'visible', MetricStat: stat('Fair', 'ApproximateNumberOfMessagesVisible'), ReturnData: false },
          { Id: 'delayed', MetricStat: stat('Later', 'ApproximateNumberOfMessagesDelayed') },
          { Id: 'none', MetricStat: stat('Fair', 'ApproximateNumberOfNoisyGroups'), ReturnData: false },
          { Id: 'all', Expression: 'visible + delayed + FILL(none, 4)' },
        ],
      }),
    );
    expect(results.map(({ Id: id, Values: values = [] }) => [id, [...new Set(values)]])).toEqual([
      ['delayed', [1]],
      ['all', [7]],
    ]);
    const [newest, older] = results[0].Timestamps!.map((time) => time.getTime());
    expect(newest - older).toBe(60_000);
    const { Metrics: metrics = [] } = await cloudWatch.send(new ListMetricsCommand({ Namespace: 'AWS/SQS' }));
    expect(metrics.map(({ MetricName: name }) => name)).toContain('ApproximateNumberOfMessagesVisible');
    await expect(
      cloudWatch.send(
        new GetMetricDataCommand({
          ...window,
          MetricDataQueries: [{ Id: 'e', Expression: 'ANOMALY_DETECTION_BAND(m)' }],
        }),
      ),
    ).rejects.toThrow('does not support `ANOMALY_DETECTION_BAND()`');
  });

  test('a group with many messages in flight does not delay those of other groups', async () => {
    await drain('Fair');
    const sendGroup = (group: string, count: number) =>
      Promise.all(
        Array.from({ length: count / 10 }, (_, batch) =>
          sqs.send(
            new SendMessageBatchCommand({
              QueueUrl: url('Fair'),
              Entries: Array.from({ length: 10 }, (__, index) => ({
                Id: `${batch}-${index}`,
                MessageBody: group,
                MessageGroupId: group,
              })),
            }),
          ),
        ),
      );
    // GIVEN a tenant with a backlog, of which 30 messages are in flight.
    await sendGroup('noisy', 100);
    for (let received = 0; received < 30;) {
      received += (await receive('Fair')).length;
    }
    // WHEN another tenant sends, its messages come first, and those of the backlog afterwards.
    await sendGroup('quiet', 20);
    const next = [await receive('Fair'), await receive('Fair'), await receive('Fair')];
    expect(next.map((messages) => [...new Set(messages.map(({ Body: body }) => body))])).toEqual([
      ['quiet'],
      ['quiet'],
      ['noisy'],
    ]);
    await cloud.clock.advance(60);
    expect(await latest('Fair', 'ApproximateNumberOfNoisyGroups')).toBe(1);
    expect(await latest('Fair', 'ApproximateNumberOfMessagesVisible')).toBe(60);
    expect(await latest('Fair', 'ApproximateNumberOfMessagesVisibleInQuietGroups')).toBe(0);
  });

  test('a function gets its messages when the batching window has passed, or the batch is full', async () => {
    const count = async () => {
      const { Attributes: counts } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url('Batched'), AttributeNames: ['All'] }),
      );
      return Number(counts!['ApproximateNumberOfMessages']) + Number(counts!['ApproximateNumberOfMessagesNotVisible']);
    };
    await send('Batched');
    await cloud.clock.advance(240);
    expect(await count()).toBe(1);
    await cloud.clock.advance(240);
    await until(async () => (await count()) === 0, 'the window to end');
    await Promise.all(Array.from({ length: 10 }, () => send('Batched')));
    await until(async () => (await count()) === 0, 'a full batch');
  });

  test('moving the clock ends leases', async () => {
    await send('Jobs', 'leased');
    const [first] = await receive('Jobs');
    await cloud.clock.advance(590);
    expect(await receive('Jobs')).toEqual([]);
    await cloud.clock.advance(10);
    const [again] = await receive('Jobs');
    expect(again.MessageId).toBe(first.MessageId);
  });
});

describe('a clock that runs 600 times as fast', () => {
  beforeAll(() => start(600));
  afterAll(stop);

  test('delays and Wait states pass with the clock, and leases in real time', async () => {
    await Promise.all([send('Jobs'), send('Later')]);
    const wait = await execute('wait');
    const leasedAt = cloud.clock.now();
    expect(await receive('Jobs')).toHaveLength(1);
    await until(() => cloud.clock.now() - leasedAt > 1_200_000, 'twice the lease on the clock');
    expect(await receive('Jobs')).toEqual([]);
    await until(async () => (await receive('Later')).length === 1, 'the delay of ten minutes');
    await until(async () => (await wait()) === 'SUCCEEDED', 'the hour of the Wait state');
  });

  test('the time of messages is real time, and that of schedules the one of the clock', async () => {
    await send('Notices');
    const [message] = await receive('Notices');
    expect(Math.abs(Number(message.Attributes!['SentTimestamp']) - Date.now())).toBeLessThan(60_000);
    const [hour] = await until(async () => {
      const messages = await receive('Hours');
      return messages.length > 0 && messages;
    }, 'an hour');
    expect(new Date((JSON.parse(hour.Body!) as { at: string }).at).getTime()).toBeGreaterThan(Date.now());
  });

  test('a schedule for once names the time that a program on real time gave it', async () => {
    const scheduler = new SchedulerClient(cloud.clientConfig());
    const { Target: target } = await scheduler.send(new GetScheduleCommand({ Name: url('Hourly') }));
    const at = new Date().toISOString().slice(0, 19);
    await scheduler.send(
      new CreateScheduleCommand({
        Name: 'once',
        ScheduleExpression: `at(${at})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: target,
      }),
    );
    await until(
      async () => (await receive('Hours')).some(({ Body: body }) => body === JSON.stringify({ at: `${at}Z` })),
      'the event of the schedule',
    );
    scheduler.destroy();
  });
});
