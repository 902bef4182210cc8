import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTableCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalCloud } from 'fileworks-local';
import { DispatchEnv } from '../../src/contract/dispatch-env';
import type { FileRow } from '../../src/runtime/dispatch/index.js';
import { privilegeFindings } from '../least-privilege/findings';
import { accountRun, type Cloud, nameOf, patience, test, testLocally, variableOf } from './support/clouds/cloud';
import { deploymentOf, until } from './support/deployment';
import { DispatchWatch } from './support/dispatch-watch';
import { unusedByAlerts } from './support/alerts';
import { loseAnEventOfEach } from './support/lost-events';
import { createQueueFor } from './support/queue';

const app = resolve(__dirname, '..', '..', 'build', 'e2e', 'typed-ingest');
const modules = resolve(__dirname, '..', '..', 'node_modules');
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

const CUSTOMERS = ['acme', 'Ünïcode & co', 'globex', 'initech', 'umbrella', 'hooli'];
/**
 * Fewer in an account, where a task needs a minute to start, and all Spot tasks together have 6 vCPU at first.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
 */
const [PER_CUSTOMER, FILES_OF_B, FILES_OF_C] = accountRun === null ? [25, 90, 60] : [11, 20, 12];
const REFUSED = 8;
/** A blocked file blocks its sequence until an operator acts. */
const ENDS = ['completed', 'parked', 'skipped', 'blocked'];
/**
 * How soon a rule is off. In an account, events may match for a short time more.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html
 */
const RULE_MS = 5_000 * patience;

/** Real files of this checkout, from a few bytes to several megabytes; the large ones first. */
function realFiles(count: number): string[] {
  const large = [
    '@aws-cdk/asset-awscli-v1/lib/layer.zip',
    'esbuild/bin/esbuild',
    'aws-cdk-lib/.jsii.tabl.json.gz',
    'typescript/lib/typescript.js',
    'aws-cdk-lib/.jsii.gz',
    'typescript/lib/_tsc.js',
    'spdx-license-list/spdx-full.json',
    'aws-cdk-lib/aws-quicksight/lib/quicksight.generated.js',
  ];
  const folders = [
    'typescript/lib',
    'aws-cdk-lib/aws-ec2/lib',
    'aws-cdk-lib/aws-ecs/lib',
    'aws-cdk-lib/aws-s3/lib',
    'aws-cdk-lib/aws-lambda/lib',
  ];
  const others = folders.flatMap((folder) =>
    readdirSync(join(modules, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => statSync(path).size > 0)
      .sort(),
  );
  return [...new Set([...large.map((path) => join(modules, path)), ...others])].slice(0, count);
}

interface Upload {
  readonly key: string;
  readonly content: Buffer;
}

/** The faults for a container with these keys, by attempt. */
const victims = {
  interrupted: ['incoming/a/initech/4.bin', 'incoming/c/1.bin'],
  killed: ['incoming/a/acme/3.bin', 'incoming/b/1.bin'],
  killedTwice: ['incoming/a/globex/2.bin'],
  killedWithoutEvent: ['incoming/b/0.bin'],
  killedWithTwoEvents: ['incoming/c/0.bin'],
};

/**
 * Every file once: numbers of a customer are in the names, 9 before 10, and the large files are those with a fault.
 */
function uploads(): Upload[] {
  const keys = [
    ...CUSTOMERS.flatMap((customer) =>
      Array.from({ length: PER_CUSTOMER }, (_, number) => `incoming/a/${customer}/${number}.bin`),
    ),
    ...Array.from({ length: FILES_OF_B }, (_, number) => `incoming/b/${number}.bin`),
    ...Array.from({ length: FILES_OF_C }, (_, number) => `incoming/c/${number}.bin`),
  ];
  const marked = Object.values(victims).flat();
  const files = realFiles(keys.length);
  return [...marked, ...keys.filter((key) => !marked.includes(key))].map((key, index) => ({
    key,
    content: readFileSync(files[index]),
  }));
}

describe('typed-ingest, while everything goes wrong', () => {
  let cloud: Cloud;
  let watch: DispatchWatch;
  let s3: S3Client;
  let dynamodb: DynamoDBClient;
  let sqs: SQSClient;
  let outputs: Readonly<Record<string, string>>;
  let alertsUrl: string;
  const files = uploads();
  const struck: string[] = [];

  /** Injects the fault as soon as the container prints that it has started. */
  function strike({ faults }: LocalCloud, taskArn: string, line: string): void {
    if (!line.includes('"file begun"')) {
      return;
    }
    const { file, attempt } = JSON.parse(line) as { file: string; attempt: number };
    const key = file.slice(file.indexOf('/') + 1);
    const hit = (keys: readonly string[], attempts = 1) => keys.includes(key) && attempt <= attempts;
    if (hit(victims.interrupted) && !struck.includes(key)) {
      void faults.interruptSpot(taskArn);
    } else if (
      hit(victims.killed) ||
      hit(victims.killedTwice, 2) ||
      hit(victims.killedWithoutEvent) ||
      hit(victims.killedWithTwoEvents)
    ) {
      if (hit(victims.killedWithoutEvent)) {
        faults.dropNextStopped(10);
      }
      if (hit(victims.killedWithTwoEvents)) {
        faults.repeatNextStopped(10);
      }
      faults.kill(taskArn);
    } else {
      return;
    }
    struck.push(key);
  }

  beforeAll(async () => {
    // No alarm matters here, and at 60 times the speed the watcher would run each second
    cloud = await deploymentOf('typed-ingest', { speed: 1 });
    s3 = new S3Client(cloud.clientConfig());
    dynamodb = new DynamoDBClient(cloud.clientConfig());
    sqs = new SQSClient(cloud.clientConfig());
    outputs = cloud.outputs('TypedIngest');
    const { Table: table } = await dynamodb.send(new DescribeTableCommand({ TableName: outputs.StateTable }));
    watch = new DispatchWatch(cloud, table!.LatestStreamArn!);
    const { url, arn } = await createQueueFor(sqs, nameOf('on-call'), 'sns.amazonaws.com');
    alertsUrl = url;
    const sns = new SNSClient(cloud.clientConfig());
    await sns.send(new SubscribeCommand({ TopicArn: outputs.AlertsTopic, Protocol: 'sqs', Endpoint: arn }));
    sns.destroy();

    const { local } = cloud;
    if (local) {
      local.on('output', ({ taskArn, line }) => strike(local, taskArn, line));
      await local.faults.disturbDeliveries({ repeat: 0.2, delaySeconds: 3 });
      await local.faults.refusePlacements(REFUSED);
    }
    // In an order unrelated to their numbers, those of A first: they settle while the others are processed
    const shuffled = files.toSorted((one, other) => sha256(one.key).localeCompare(sha256(other.key)));
    const [ofA, others] = [
      shuffled.filter(({ key }) => key.startsWith('incoming/a/')),
      shuffled.filter(({ key }) => !key.startsWith('incoming/a/')),
    ];
    // At once, because a sequence waits only half a minute for smaller numbers
    await Promise.all(ofA.map(({ key, content }) => put(key, content)));
    for (const { key, content } of others) {
      await put(key, content);
    }
    const done = () => [...watch.rows().values()].filter(({ status }) => ENDS.includes(status)).length;
    await until('every file to be done', 900, () => done() === files.length || undefined);
    await watch.stop();
  }, 1_200_000 * patience);

  afterAll(async () => {
    await cloud.stop();
  }, 60_000);

  /** Uploads a file; returns its version. */
  const put = async (Key: string, content: string | Buffer): Promise<string> => {
    const { VersionId: version = '' } = await s3.send(
      new PutObjectCommand({ Bucket: outputs.IncomingBucket, Key, Body: Buffer.from(content as string) }),
    );
    return version;
  };
  /** Physical id of the resource with this logical id, but for its hash. */
  const resource = (id: RegExp) =>
    Object.entries(cloud.resources('TypedIngest')).find(([logicalId]) => id.test(logicalId))![1]!;
  /** The answer of the operator function. */
  const invoke = async (request: object): Promise<unknown> => {
    const lambda = new LambdaClient(cloud.clientConfig());
    const { Payload: payload } = await lambda.send(
      new InvokeCommand({ FunctionName: outputs.OperatorFunction, Payload: JSON.stringify(request) }),
    );
    lambda.destroy();
    return JSON.parse(Buffer.from(payload!).toString());
  };
  const summaryOf = (key: string) =>
    s3.send(new GetObjectCommand({ Bucket: outputs.ResultsBucket, Key: `summaries/${key}.json` })).then(
      ({ Body }) => Body!.transformToString(),
      () => undefined,
    );
  const show = async (key: string, versionId: string): Promise<FileRow | null> => {
    const request = { action: 'show', bucket: outputs.IncomingBucket, key, versionId };
    return ((await invoke(request)) as { file: FileRow | null }).file;
  };
  const rowOf = (key: string) => [...watch.rows().values()].find(({ object }) => object.key === key)!;

  test('every file is completed, by one commit', () => {
    expect(watch.rows().size).toBe(files.length);
    expect(
      [...watch.rows().values()]
        .filter(({ status }) => status !== 'completed')
        .map(({ object, status, reason }) => `${object.key} is ${status}: ${reason}`),
    ).toEqual([]);
    const completed = watch
      .history()
      .commits.filter(({ after }) => after === 'completed')
      .map(({ id }) => id);
    expect(new Set(completed).size).toBe(files.length);
    expect(completed).toHaveLength(files.length);
  }, 5_000);

  test('the history keeps every promise: one file of a sequence at a time, in order, none lost, none repeated, bounded attempts', () => {
    expect(watch.history().violations(watch.rows())).toEqual([]);
  }, 30_000);

  testLocally('it injects faults')(
    'every kind of fault occurred, and each affected file was retried',
    () => {
      expect(struck.toSorted()).toEqual([...Object.values(victims).flat(), ...victims.killedTwice].toSorted());
      for (const key of [...victims.killed, ...victims.killedWithoutEvent, ...victims.killedWithTwoEvents]) {
        expect([key, rowOf(key).attempts]).toEqual([key, 2]);
      }
      for (const key of victims.killedTwice) {
        expect(rowOf(key).attempts).toBe(3);
      }
      const interruptions = [...watch.rows().values()].reduce((sum, row) => sum + row.interruptions, 0);
      for (const key of victims.interrupted) {
        expect([key, rowOf(key).attempts]).toEqual([key, 1]);
      }
      // An interruption is a request: a task may finish before it, and on a busy machine both may
      expect(interruptions).toBeGreaterThanOrEqual(REFUSED);
    },
    5_000,
  );

  for (const customer of CUSTOMERS) {
    test(`the files of ${customer} were worked on in the order of their numbers, each once`, async () => {
      const { Items: items = [] } = await dynamodb.send(
        new QueryCommand({
          TableName: outputs.HistoryTable,
          KeyConditionExpression: 'customer = :customer',
          ExpressionAttributeValues: { ':customer': { S: customer } },
        }),
      );
      let digest = '';
      const expected = Array.from({ length: PER_CUSTOMER }, (_, number) => {
        const hash = sha256(files.find(({ key }) => key === `incoming/a/${customer}/${number}.bin`)!.content);
        digest = sha256(`${digest}${hash}`);
        return { position: number + 1, sha256: hash, digest };
      });
      expect(items.map((item) => unmarshall(item))).toMatchObject(expected);
    }, 30_000);
  }

  test('the summary of every file is that of its bytes', async () => {
    const summaries = await Promise.all(
      files.map(async ({ key }) => {
        const { Body } = await s3.send(
          new GetObjectCommand({ Bucket: outputs.ResultsBucket, Key: `summaries/${key}.json` }),
        );
        return JSON.parse(await Body!.transformToString()) as unknown;
      }),
    );
    const lines = (content: Buffer) => content.filter((byte) => byte === 0x0a).length;
    expect(summaries).toEqual(
      files.map(({ key, content }) => ({ key, bytes: content.length, lines: lines(content), sha256: sha256(content) })),
    );
  }, 30_000);

  test('a file without a type is in the dead-letter queue, and no other', async () => {
    await put('incoming/untyped.csv', 'a,b');
    const urls = Object.entries(cloud.resources('TypedIngest')).flatMap(([id, url]) =>
      /DeadLetterQueue[0-9A-F]{8}$/.test(id) ? [url] : [],
    );
    const receive = async (QueueUrl?: string): Promise<Message[]> => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
      );
      return messages;
    };
    const messages = await until('the dead-letter message', 30, async () => {
      const found = (await Promise.all(urls.map(receive))).flat();
      return found.length > 0 ? found : undefined;
    });
    for (const { Body } of messages) {
      expect(JSON.parse(Body!)).toMatchObject({ detail: { object: { key: 'incoming/untyped.csv' } } });
    }
  }, 60_000);

  test('an operator lists, pauses and reconciles, and finds nothing to do', async () => {
    await expect(invoke({ action: 'list', type: 'A', status: 'blocked' })).resolves.toEqual({
      files: [],
      more: false,
      paused: {},
    });
    await expect(invoke({ action: 'drive', sequence: 'A/acme' })).resolves.toEqual({
      outcome: 'driven',
      sequence: 'A/acme',
    });
    await expect(invoke({ action: 'pause', scope: 'A', reason: 'a look at it' })).resolves.toMatchObject({
      outcome: 'changed',
    });
    await expect(invoke({ action: 'resume', scope: 'A' })).resolves.toMatchObject({ outcome: 'changed', paused: {} });
    const since = new Date(Date.now() - 86_400_000).toISOString();
    await expect(
      invoke({ action: 'reconcile', bucket: outputs.IncomingBucket, prefix: 'incoming/a/', since, dryRun: true }),
    ).resolves.toEqual({ listed: CUSTOMERS.length * PER_CUSTOMER, missing: 0, examples: [] });
  }, 30_000);

  test('an operator resumes a type: its file is processed', async () => {
    await cloud.local?.faults.disturbDeliveries();
    const key = 'incoming/c/paused.bin';
    await invoke({ action: 'pause', scope: 'C', reason: 'an incident' });
    const version = await put(key, 'paused');
    await until('its row', 30, async () => (await show(key, version)) ?? undefined);
    await invoke({ action: 'resume', scope: 'C' });
    await until('its summary', 60, () => summaryOf(key));
  }, 120_000);

  test('an operator reconciles the bucket: a file whose event was lost is processed', async () => {
    const key = 'incoming/c/lost.bin';
    const events = new EventBridgeClient(cloud.clientConfig());
    const rule = { Name: resource(/^DispatcherInboxSource[0-9A-F]{8}$/) };
    await events.send(new DisableRuleCommand(rule));
    await sleep(RULE_MS);
    const version = await put(key, 'lost');
    await sleep(RULE_MS);
    await events.send(new EnableRuleCommand(rule));
    events.destroy();
    expect(await show(key, version)).toBeNull();
    const since = new Date(Date.now() - 86_400_000).toISOString();
    await expect(
      invoke({ action: 'reconcile', bucket: outputs.IncomingBucket, prefix: 'incoming/c/', since }),
    ).resolves.toEqual({ listed: FILES_OF_C + 2, missing: 1, examples: [key] });
    await until('its summary', 60, () => summaryOf(key));
  }, 120_000);

  test('the file of a task that is stopped is processed by another, unless the task was done', async () => {
    const key = 'incoming/b/stopped.bin';
    const version = await put(key, 'stopped');
    const { taskArn } = await until('its task', 30, async () =>
      (await cloud.tasks()).find((task) => variableOf(task, DispatchEnv.key) === key),
    );
    const ecs = new ECSClient(cloud.clientConfig());
    await ecs.send(new StopTaskCommand({ cluster: resource(/^Cluster[0-9A-F]{8}$/), task: taskArn }));
    ecs.destroy();
    await until('its completion', 60, async () => (await show(key, version))?.status === 'completed' || undefined);
    expect(await summaryOf(key)).toBeDefined();
  }, 120_000);

  /** Texts of alerts, as long as the test runs. */
  const alerts: string[] = [];
  const alert = (what: string, seconds: number, ...texts: readonly RegExp[]) =>
    until(what, seconds, async () => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: alertsUrl, MaxNumberOfMessages: 10 }),
      );
      alerts.push(...messages.map(({ Body }) => Body!));
      return texts.every((text) => alerts.some((one) => text.test(one))) || undefined;
    });

  testLocally('it injects faults')(
    'alerts report the tasks that were killed and interrupted',
    () => alert('the alerts', 30, /137/, /Spot/),
    40_000,
  );

  test('a file that cannot be processed is parked, with an alert, until an operator skips it', async () => {
    const key = 'incoming/b/empty.bin';
    const version = await put(key, '');
    const { id, worker = '' } = await until('the parked file', 60, async () => {
      const file = await show(key, version);
      return file?.status === 'parked' ? file : undefined;
    });
    const task = worker.slice(worker.lastIndexOf('/') + 1);
    await alert('the alert of its task', 60, new RegExp(`${task}.*exit code 1\\b`));
    await expect(invoke({ action: 'skip', file: id, reason: 'empty by mistake' })).resolves.toMatchObject({
      outcome: 'changed',
      file: { status: 'skipped' },
    });
  }, 150_000);

  testLocally('it injects faults')(
    'an event that its target refuses is in the dead-letter queue of the target',
    async () => {
      expect(await loseAnEventOfEach(cloud.local!)).toEqual([
        'AlertsClock',
        'AlertsDeploymentRule',
        'AlertsServiceRule',
        'AlertsStoppedRule',
        'DispatcherInboxSource',
        'DispatcherSweep',
        'DispatcherTaskStopped',
      ]);
    },
    120_000,
  );

  testLocally('an account does not say which statement allowed a call')(
    'every role has the permissions that its process used, and no others',
    async () => {
      const confirms = {
        action: 'dynamodb:ConditionCheckItem',
        because:
          'a late file that is parked or appended confirms its sequence as it was read; here late files run next',
      };
      const supervises = 'requests a task whose token is too old, and stops one without heartbeats; here there is none';
      expect(
        await privilegeFindings(cloud.local!, app, [
          ...unusedByAlerts('Alerts'),
          {
            role: 'TaskTaskRole',
            action: 's3:GetObject',
            because:
              'a reader of a bucket without versions needs it; this bucket has versions, and the event names one',
          },
          {
            role: 'TaskTaskRole',
            action: 's3:AbortMultipartUpload',
            because: 'a summary that needs parts may fail between them; these need none',
          },
          {
            role: 'TaskTaskRole',
            action: 's3:DeleteObject',
            because: 'extractTo deletes its record of unfinished work; this handler does not use it',
          },
          ...['DispatcherIngress', 'DispatcherLauncher', 'DispatcherWatcher', 'DispatcherOperator'].map((role) => ({
            ...confirms,
            role,
          })),
          ...['DispatcherLauncher', 'DispatcherWatcher'].flatMap((role) =>
            ['ecs:StopTask', 'ecs:ListTasks', 'ecs:DescribeTasks'].map((action) => ({
              role,
              action,
              because: supervises,
              sometimes: true as const,
            })),
          ),
          ...['ecs:RunTask', 'ecs:TagResource', 'iam:PassRole'].map((action) => ({
            role: 'DispatcherWatcher',
            action,
            because: 'launches what the launcher has lost',
            sometimes: true as const,
          })),
          {
            role: 'DispatcherIngress',
            action: 'sqs:SendMessage',
            because: 'events wait on their queue while a dependency is unavailable; none is here',
          },
          {
            role: 'DispatcherWatcher',
            action: 'dynamodb:PutItem',
            because: 'claims a slot for the first time, if the ingress has not',
            sometimes: true,
          },
          ...['dynamodb:PutItem', 'dynamodb:DeleteItem'].map((action) => ({
            role: 'DispatcherLauncher',
            action,
            because: 'claims files that have settled, where events come sooner than that',
            sometimes: true as const,
          })),
          {
            role: 'DispatcherOperator',
            action: 'dynamodb:DeleteItem',
            because: 'skips a queued file, which leaves its queue; here it skips a parked one',
          },
        ]),
      ).toEqual([]);
    },
    30_000,
  );
});
