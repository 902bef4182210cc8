import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  ActionAfterCompletion,
  CreateScheduleCommand,
  FlexibleTimeWindowMode,
  GetScheduleCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { PurgeQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ObjectTaskEnv } from '../../src/contract/object-task-env';
import { DEPENDENCY_WAIT_ENV, UNAVAILABLE_EXIT_CODE } from '../../src/contract/task-run-env';
import { taskStopped } from '../handlers/task-alerts/events';
import { privilegeFindings } from '../least-privilege/findings';
import { type Cloud, nameOf, patience, type Task, test, testLocally, variableOf } from './support/clouds/cloud';
import { deploymentOf, until } from './support/deployment';
import { loseAnEventOfEach } from './support/lost-events';
import { createQueueFor } from './support/queue';

const app = resolve(__dirname, '..', '..', 'build', 'e2e', 'object-tasks');

const jsonLines = (records: number) => Array.from({ length: records }, (_, id) => JSON.stringify({ id })).join('\n');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A task waits for nothing by itself, so that a short outage is longer than its wait. */
const withoutWait = (template: string) =>
  template.replaceAll(
    /\{\s*"Name": "RESULTS_BUCKET"/g,
    (variable) => `{ "Name": "${DEPENDENCY_WAIT_ENV}", "Value": "0" }, ${variable}`,
  );

/** The key that a task was started for. */
const keyOf = (task: Task) => variableOf(task, ObjectTaskEnv.key);

describe('object-tasks', () => {
  let cloud: Cloud;
  let s3: S3Client;
  let sqs: SQSClient;
  let outputs: Readonly<Record<string, string>>;
  let alertsUrl: string;
  /** Fails each time; its retry is delayed while the other tests run. */
  let broken: string;

  beforeAll(async () => {
    cloud = await deploymentOf('object-tasks', { adapt: withoutWait });
    outputs = cloud.outputs('ObjectTasks');
    s3 = new S3Client(cloud.clientConfig());
    sqs = new SQSClient(cloud.clientConfig());
    const { url, arn } = await createQueueFor(sqs, nameOf('alerts'), 'sns.amazonaws.com');
    alertsUrl = url;
    await new SNSClient(cloud.clientConfig()).send(
      new SubscribeCommand({ TopicArn: outputs.AlertsTopicArn, Protocol: 'sqs', Endpoint: arn }),
    );
    broken = await put('in/broken.jsonl', '{"id":1}\n{broken');
  }, 600_000);

  afterAll(async () => {
    await cloud.stop();
  }, 60_000);

  /** Uploads a file; returns the key of its summary. */
  const put = async (key: string, body: string): Promise<string> => {
    const { VersionId: version = '' } = await s3.send(
      new PutObjectCommand({ Bucket: outputs.IncomingBucket, Key: key, Body: Buffer.from(body) }),
    );
    return `summaries/${key.replace(/^in\//, '')}@${version}.json`;
  };
  const result = (key: string) =>
    s3.send(new GetObjectCommand({ Bucket: outputs.ResultsBucket, Key: key })).then(
      async ({ Body: body }) => JSON.parse(await body!.transformToString()) as Record<string, unknown>,
      () => undefined,
    );
  const tasksOf = async (key: string) => (await cloud.tasks()).filter((task) => keyOf(task) === key);
  const messages = async (url: string): Promise<string[]> => {
    const { Messages: found = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
    );
    return found.map(({ Body: body }) => body ?? '');
  };

  test('starts one task on Spot for each file, with the file in its environment, and none for others', async () => {
    await Promise.all([put('in/notes.txt', 'a'), put('in/empty.jsonl', ''), put('elsewhere/a.jsonl', '{}')]);
    const files = new Map([
      ['in/a.jsonl', 3],
      ['in/Ünï + "quoted" {% $x %} &\'`$(id).jsonl', 5],
      ['in/deep/er/b.jsonl', 2_000],
    ]);
    for (const [key, records] of files) {
      const at = await put(key, jsonLines(records));
      expect(await until(`the summary of ${key}`, 60, () => result(at))).toMatchObject({
        key,
        records,
        sha256: sha256(jsonLines(records)),
      });
    }
    for (const key of files.keys()) {
      await until(
        'the end of its task',
        20,
        async () => (await tasksOf(key)).every(({ lastStatus }) => lastStatus === 'STOPPED') || undefined,
      );
      expect(
        (await tasksOf(key)).map(({ capacityProviderName, containers }) => [
          capacityProviderName,
          containers[0]?.exitCode,
        ]),
      ).toEqual([['FARGATE_SPOT', 0]]);
    }
    const keys = (await cloud.tasks()).map(keyOf).filter((key) => key !== undefined);
    expect(new Set(keys)).toEqual(new Set([...files.keys(), 'in/broken.jsonl']));
  }, 180_000);

  testLocally('it injects an interruption')(
    'starts a task again after a Spot interruption',
    async () => {
      const key = 'in/taken.jsonl';
      const at = await put(key, jsonLines(10));
      const { taskArn } = await until('its process', 30, () =>
        cloud.local!.tasks().find((task) => keyOf(task) === key && task.processes.some(({ pid }) => pid !== undefined)),
      );
      cloud.local!.faults.kill(taskArn);
      expect(await until('its summary', 90, () => result(at))).toMatchObject({ records: 10 });
      await until(
        'the end of its tasks',
        20,
        async () => (await tasksOf(key)).every(({ lastStatus }) => lastStatus === 'STOPPED') || undefined,
      );
      expect((await tasksOf(key)).map(({ containers }) => containers[0]?.exitCode)).toEqual([137, 0]);
    },
    150_000,
  );

  test('moves a file whose task fails each time to the dead-letter queue, with its alarm in ALARM and an alert with the reason', async () => {
    const [deadLetterMessage] = await until('the dead-letter message', 120, async () => {
      const found = await messages(outputs.DeadLetterQueueUrl);
      return found.length > 0 ? found : undefined;
    });
    expect(JSON.parse(deadLetterMessage)).toMatchObject({
      'detail-type': 'Object Created',
      detail: { object: { key: 'in/broken.jsonl' } },
    });
    const tasks = await tasksOf('in/broken.jsonl');
    expect(tasks.map(({ containers }) => containers[0]?.exitCode)).toEqual([70, 70]);
    for (const line of [
      '"file":"' + outputs.IncomingBucket + '/in/broken.jsonl"',
      (JSON.parse(deadLetterMessage) as { id: string }).id,
    ]) {
      // The log of an account arrives later
      await until(`${line} in the log`, 30, async () => {
        const logs = await Promise.all(tasks.map((task) => cloud.log(task)));
        return logs.join('\n').includes(line) || undefined;
      });
    }
    expect(await result(broken)).toBeUndefined();
    await until('its alarm', 60, async () =>
      (await cloud.alarms()).find(
        ({ logicalId, state }) => /^SummarizerDeadLetterAlarm/.test(logicalId) && state === 'ALARM',
      ),
    );
    await until('an alert with the exit code', 30, async () =>
      (await messages(alertsUrl)).find((text) => /exit code/i.test(text) && text.includes('70')),
    );
  }, 240_000);

  test('writes the report of the hour that its schedule names', async () => {
    const scheduler = new SchedulerClient(cloud.clientConfig());
    const { Target: target } = await scheduler.send(new GetScheduleCommand({ Name: outputs.ReportSchedule }));
    // The same target, in a few seconds instead of an hour
    const soon = new Date(Date.now() + 2_000 * patience).toISOString().slice(0, 19);
    await scheduler.send(
      new CreateScheduleCommand({
        Name: nameOf('soon'),
        ScheduleExpression: `at(${soon})`,
        Target: target,
        ActionAfterCompletion: ActionAfterCompletion.DELETE,
        FlexibleTimeWindow: { Mode: FlexibleTimeWindowMode.OFF },
      }),
    );
    // The hourly schedule of the deployment writes reports too: an hour of the clock is a minute here
    const report = await until('the report', 60, async () => {
      const found = await result('reports/latest.json');
      return found?.until === new Date(`${soon}Z`).toISOString() ? found : undefined;
    });
    const { KeyCount: summaries } = await s3.send(
      new ListObjectsV2Command({ Bucket: outputs.ResultsBucket, Prefix: 'summaries/' }),
    );
    expect(report).toMatchObject({ files: summaries });
    expect(new Date(report.until as string).getTime() - new Date(report.since as string).getTime()).toBe(3_600_000);
  }, 120_000);

  test('an alarm may publish to the topic of the alerts', async () => {
    const cloudWatch = new CloudWatchClient(cloud.clientConfig());
    const AlarmName = nameOf('no-files');
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: 'Files',
        MetricName: 'Arrived',
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
        AlarmActions: [outputs.AlertsTopicArn],
      }),
    );
    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'no file for an hour' }),
    );
    cloudWatch.destroy();
    await until('the alert of the alarm', 30, async () =>
      (await messages(alertsUrl)).find((text) => text.includes('no file for an hour')),
    );
  }, 60_000);

  test('an event in the dead-letter queue of the alerts raises its alert, and one that cannot be read stays', async () => {
    const [, queueUrl] = Object.entries(cloud.resources('ObjectTasks')).find(([id]) =>
      /^AlertsDeadLetterQueue[0-9A-F]{8}$/.test(id),
    )!;
    const send = (event: object) =>
      sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }));
    await send({ region: 'eu-west-1' });
    // As Lambda sends it
    const taskDefinitionArn = Object.values(cloud.resources('ObjectTasks')).find((id) =>
      /:task-definition\//.test(id ?? ''),
    );
    await send({ requestPayload: taskStopped({ stoppedReason: 'lost for a while', taskDefinitionArn }) });
    await until('its alert', 90, async () =>
      (await messages(alertsUrl)).find((text) => text.includes('lost for a while')),
    );
    const left = await until('what is left', 30, async () => {
      const found = await messages(queueUrl!);
      return found.length > 0 ? found : undefined;
    });
    expect(left).toEqual(['{"region":"eu-west-1"}']);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: queueUrl }));
  }, 180_000);

  testLocally('it injects faults')(
    'a file is done after an outage that is longer than its task waits, without a retry and with an alarm meanwhile',
    async () => {
      const key = 'in/denied.jsonl';
      const refusals = 6;
      await cloud.local!.faults.failNext({
        action: 's3:PutObject',
        resource: 'arn:aws:s3:::*/summaries/denied*',
        error: 'AccessDenied',
        count: refusals,
      });
      const at = await put(key, jsonLines(10));
      const stateOf = async () =>
        (await cloud.alarms()).find(({ logicalId }) => /^SummarizerDependencyUnavailableAlarm/.test(logicalId))?.state;
      await until('its alarm', 90, async () => ((await stateOf()) === 'ALARM' ? true : undefined));
      expect(await until('its summary', 120, () => result(at))).toMatchObject({ records: 10 });
      await until(
        'the end of its tasks',
        20,
        async () => (await tasksOf(key)).every(({ lastStatus }) => lastStatus === 'STOPPED') || undefined,
      );
      // `retries` of the deployment is 1
      expect((await tasksOf(key)).map(({ containers }) => containers[0]?.exitCode)).toEqual([
        ...Array.from({ length: refusals }, () => UNAVAILABLE_EXIT_CODE),
        0,
      ]);
      // Until the end of the reports, and the six minutes that the alarm looks back
      await until('the end of its alarm', 60, async () => ((await stateOf()) === 'OK' ? true : undefined));
    },
    300_000,
  );

  testLocally('it injects faults')(
    'an event that its target refuses is in the dead-letter queue of the target',
    async () => {
      expect(await loseAnEventOfEach(cloud.local!)).toEqual([
        'AlertsClock',
        'AlertsDeploymentRule',
        'AlertsServiceRule',
        'AlertsStoppedRule',
        'IngestRecordsRule',
        'ReportSchedule',
      ]);
    },
    120_000,
  );

  testLocally('an account does not say which statement allowed a call')(
    'every role has the permissions that its process used, and no others',
    async () => {
      expect(
        await privilegeFindings(cloud.local!, app, [
          {
            role: 'SummarizerTask',
            action: 's3:GetObject',
            because:
              'a reader of a bucket without versions needs it; this bucket has versions, and the event names one',
          },
          {
            role: 'SummarizerTask',
            action: 's3:AbortMultipartUpload',
            because: 'a summary that needs parts may fail between them; these need none',
          },
          {
            role: 'SummarizerTask',
            action: 's3:DeleteObject',
            because: 'extractTo deletes its record of unfinished work; this handler does not use it',
          },
          {
            role: 'SummarizerStateMachine',
            action: 'ecs:StopTask',
            because: 'the tasks of an execution stop with it; none is stopped here',
          },
        ]),
      ).toEqual([]);
    },
    30_000,
  );
});
