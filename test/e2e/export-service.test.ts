import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient, StopTaskCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { GetObjectCommand, ListObjectsV2Command, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Archives } from '../../examples/worker/export-api/archives';
import { noFaults } from '../../examples/worker/export-api/faults';
import { ExportApi } from '../../examples/worker/export-api/server';
import type { ExportJobEvent } from '../../src/contract/export-contract';
import { ExportJobStore } from '../../src/runtime/exports/index.js';
import { privilegeFindings, resends } from '../least-privilege/findings';
import { expectToFitItsSchema } from '../support/event-schemas';
import { freePort } from '../runtime/support/ports';
import { accountRun, type Cloud, patience, type Task, test, testLocally } from './support/clouds/cloud';
import { deploymentOf, until, workerFolder } from './support/deployment';
import { unusedByAlerts } from './support/alerts';
import { loseAnEventOfEach } from './support/lost-events';
import { secondVersion } from './support/second-version';

const root = resolve(__dirname, '..', '..');
const app = resolve(root, 'build', 'e2e', 'export-service');

/** `FILEWORKS_EXPORTS=full`: 200 jobs, 3,000 files, a minute without the API. */
const size =
  process.env.FILEWORKS_EXPORTS === 'full'
    ? { jobs: 200, files: 15, outageSeconds: 60, interruptions: 10, limitSeconds: 1_500 }
    : { jobs: 12, files: 8, outageSeconds: 5, interruptions: 2, limitSeconds: 400 };
/** This many of the interruptions come before the outage, while no job can complete. */
const FIRST_INTERRUPTIONS = 2;
/** Lines of the log when a dependency stops to answer, and when it answers again. */
const UNAVAILABLE = 'dependency is unavailable: its jobs wait';
const RECOVERED = 'dependency is back, or no job waits for it';

interface Wheel {
  readonly name: string;
  readonly path: string;
}

/** Real archives: the wheels of the demo. */
const wheels = (): Wheel[] =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        'import { wheels } from "./examples/demo/prepare.ts"; process.stdout.write("\\n" + JSON.stringify(await wheels()));',
      ],
      { cwd: root, encoding: 'utf8' },
    )
      .trim()
      .split('\n')
      .at(-1)!,
  ) as Wheel[];

/** SHA-256 of the entries that are wanted, of each archive, as Python reads them. */
function wantedOf(archives: readonly Wheel[]): Readonly<Record<string, string>>[] {
  const text = execFileSync(
    'python3',
    [join(root, 'examples', 'demo', 'oracle.py'), ...archives.map(({ path }) => path)],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const entries = JSON.parse(text) as Record<string, Record<string, string>>;
  return archives.map(({ name }) =>
    Object.fromEntries(Object.entries(entries[name]).filter(([entry]) => /\.dist-info\/(METADATA|WHEEL)$/.test(entry))),
  );
}

const jobIds = Array.from({ length: size.jobs }, (_, number) => `job-${number}`);
const filesOf = (jobId: string): number | undefined =>
  jobIds.includes(jobId)
    ? size.files
    : /^(?:damaged|unfinished)-/.test(jobId)
      ? 1
      : /^(?:probe|slow)-/.test(jobId)
        ? 0
        : undefined;
/** A job that cannot complete while the API holds the download of one of its files. */
const heldJob = jobIds[0];
const held = { ...noFaults, heldFile: `${heldJob}/0` };
/** Outputs with the URL of the queue of each priority, by its name in the ids of jobs. */
const QUEUES = { high: 'HighPriorityExportQueue', normal: 'ExportQueue', low: 'LowPriorityExportQueue' } as const;
const message = (...ids: string[]) =>
  JSON.stringify({ fileworksJob: 1, type: 'ExportJob', payload: { version: 1, jobIds: ids } });
const taskMode = (task: Task) => (/Worker/.test(task.taskDefinitionArn) ? 'worker' : 'orchestrator');

describe(`export-service, ${size.jobs} jobs with ${size.jobs * size.files} files, while everything goes wrong`, () => {
  let cloud: Cloud;
  let api: ExportApi;
  let sqs: SQSClient;
  let s3: S3Client;
  let dynamodb: DynamoDBClient;
  let ecs: ECSClient;
  let store: ExportJobStore;
  let outputs: Readonly<Record<string, string>>;
  const archives = wheels();
  const contents = wantedOf(archives);
  const probes: { readonly from: number; readonly to: number; readonly heldJob: string | undefined }[] = [];
  const outage = { from: Number.POSITIVE_INFINITY };
  let interrupted = 0;
  let running = true;

  const runningTasks = async (mode: ReturnType<typeof taskMode>) =>
    (await cloud.tasks()).filter(
      (task) => task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING' && taskMode(task) === mode,
    );
  const services = () =>
    Object.values(cloud.resources('ExportService')).filter(
      (id) => id !== undefined && /:service\//.test(id),
    ) as string[];
  const isLogged = async (line: string) => {
    const logs = await Promise.all((await cloud.tasks()).map((task) => cloud.log(task)));
    return logs.some((log) => log.includes(line)) || undefined;
  };
  const submit = (queue: string, body: string) =>
    sqs.send(new SendMessageCommand({ QueueUrl: outputs[queue], MessageBody: body }));

  /** Jobs without files, one after the other; each with the state of the held job at its end. */
  async function probe(): Promise<void> {
    for (let number = 0; running; number++) {
      const from = Date.now();
      await submit('HighPriorityExportQueue', message(`probe-${number}`));
      await until(
        `probe ${number}`,
        size.limitSeconds,
        async () => (await store.job(`probe-${number}`))?.status === 'completed' || undefined,
      );
      probes.push({ from, to: Date.now(), heldJob: (await store.job(heldJob))?.status });
      await sleep(2_000);
    }
  }

  /**
   * Interrupts the Spot capacity of a task. Only AWS does this in an account, where the task is stopped, with the same
   * signal.
   */
  async function interruptTask({ taskArn }: Task): Promise<void> {
    if (cloud.local) {
      return cloud.local.faults.interruptSpot(taskArn);
    }
    const reason = 'the test interrupts it';
    await ecs.send(new StopTaskCommand({ cluster: taskArn.split('/').at(-2), task: taskArn, reason }));
  }

  /** Interrupts workers repeatedly. */
  async function interrupt(): Promise<void> {
    while (running && interrupted < size.interruptions) {
      await sleep(4_000);
      const task = (await runningTasks('worker')).at(0);
      if (task === undefined || (api.faults.heldFile !== undefined && interrupted === FIRST_INTERRUPTIONS)) {
        continue;
      }
      // The task may have ended since it was listed
      interrupted += await interruptTask(task).then(
        () => 1,
        (error: unknown) => {
          if (!String(error).endsWith('is not running')) {
            throw error;
          }
          return 0;
        },
      );
    }
  }

  /** Replaces the tasks of both services: with another version, or in an account with the same. */
  async function update(): Promise<void> {
    if (cloud.local) {
      await cloud.local.update(secondVersion(app));
      return;
    }
    for (const service of services()) {
      const cluster = service.split('/').at(-2);
      await ecs.send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true }));
    }
  }

  async function putToken(token: string): Promise<void> {
    api.token = token;
    const secrets = new SecretsManagerClient(cloud.clientConfig());
    await secrets.send(new PutSecretValueCommand({ SecretId: outputs.ApiTokenSecret, SecretString: token }));
    secrets.destroy();
  }

  async function approve(names: readonly string[]): Promise<void> {
    const items = names.map((name) => ({ PutRequest: { Item: { name: { S: name }, status: { S: 'approved' } } } }));
    for (let at = 0; at < items.length; at += 25) {
      await dynamodb.send(
        new BatchWriteItemCommand({ RequestItems: { [outputs.MetadataTable]: items.slice(at, at + 25) } }),
      );
    }
  }

  /** Two jobs in a message, alternating the priorities; every fifth message is sent twice. */
  async function submitJobs(from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += 2) {
      const body = message(...jobIds.slice(at, at + 2));
      const queue = (['LowPriorityExportQueue', 'HighPriorityExportQueue', 'ExportQueue'] as const)[(at / 2) % 3];
      await submit(queue, body);
      if (at % 10 === 0) {
        await submit(queue, body);
      }
    }
  }

  /** All faults in an order that does not depend on the machine's speed: each step waits for its condition. */
  async function play(): Promise<void> {
    const wait = <T>(what: string, look: () => Promise<T | undefined> | T | undefined) =>
      until(what, size.limitSeconds, look);
    const probeOf = (from: number) => wait('a probe', () => probes.some((one) => one.from >= from) || undefined);
    api.faults = held;
    await submitJobs(0, size.jobs / 2);
    for (const [priority, queue] of Object.entries(QUEUES)) {
      await submit(queue, message(`unknown-${priority}`));
    }
    await submit('ExportQueue', '{"fileworksJob":1,"type":"ExportJob","payload":{"version":1,"jobIds":"poison"}}');
    await wait(
      'the held job to be dispatched',
      async () => (await store.job(heldJob))?.status === 'dispatched' || undefined,
    );
    await wait('workers to be interrupted', () => interrupted === FIRST_INTERRUPTIONS || undefined);
    await update();
    await probeOf(Date.now());

    outage.from = Date.now();
    api.faults = { ...held, outage: true };
    await submitJobs(size.jobs / 2, size.jobs);
    await sleep(size.outageSeconds * 1_000);
    await wait('the outage to be noticed', () => isLogged(UNAVAILABLE));
    api.faults = held;
    await putToken('second-token');
    await probeOf(outage.from);

    api.faults = noFaults;
    for (const jobId of jobIds) {
      await wait(`${jobId} to be completed`, async () => (await store.job(jobId))?.status === 'completed' || undefined);
    }
  }

  beforeAll(
    async () => {
      const served = await Archives.of(archives.map(({ path }) => path));
      const { url, port } = accountRun?.api ?? {};
      const options = { filesOf, token: 'first-token', pageSize: 5, requestsPerSecond: 400, url };
      api = await ExportApi.listen({ archives: served, ...options }, port);
      cloud = await deploymentOf('export-service', {
        build: ['npm', 'run', 'build'],
        command: ['node', 'dist/main.js'],
        // The API runs on this machine too, which has two cores
        adapt: (template) =>
          template
            .replaceAll('https://export-api.example.com/', api.url)
            .replaceAll('"MaxCapacity": 20', '"MaxCapacity": 3'),
      });
      outputs = cloud.outputs('ExportService');
      sqs = new SQSClient(cloud.clientConfig());
      s3 = new S3Client(cloud.clientConfig());
      dynamodb = new DynamoDBClient(cloud.clientConfig());
      ecs = new ECSClient(cloud.clientConfig());
      store = new ExportJobStore({ client: dynamodb, tableName: outputs.JobTable });
      await putToken('first-token');
      await approve(contents.flatMap((content) => Object.keys(content)));
      const others = [probe(), interrupt()];
      await Promise.all([play().finally(() => (running = false)), ...others]);
    },
    size.limitSeconds * 4_000 * patience,
  );

  afterAll(async () => {
    [s3, sqs, dynamodb, ecs].forEach((client: { destroy(): void }) => client.destroy());
    await cloud.stop();
    await api.close();
  }, 60_000);

  test('jobs and downloads ran in two deployments of their services', async () => {
    const tasks = await cloud.tasks();
    const deployments = (mode: string) =>
      new Set(tasks.flatMap((task) => (taskMode(task) === mode ? [task.startedBy] : [])));
    expect([deployments('orchestrator').size, deployments('worker').size]).toEqual([2, 2]);
  }, 30_000);

  testLocally('the test updates no stack, and an account has no list of all calls at once')(
    'jobs and downloads ran in two versions, and nothing was denied',
    () => {
      const versions = (mode: string) =>
        new Set(cloud.local!.tasks().flatMap((task) => (taskMode(task) === mode ? [task.taskDefinitionArn] : [])));
      expect([versions('orchestrator').size, versions('worker').size]).toEqual([2, 2]);
      expect(cloud.local!.denials()).toEqual([]);
    },
    5_000,
  );

  test('every job is completed, with all of its files', async () => {
    const rows = await Promise.all(jobIds.map((jobId) => store.job(jobId)));
    expect(rows.map((row) => [row?.jobId, row?.status, row?.count, row?.done, row?.failed])).toEqual(
      jobIds.map((jobId) => [jobId, 'completed', size.files, size.files, 0]),
    );
  }, 30_000);

  test('every wanted entry is in S3 once, and nothing else, byte for byte', async () => {
    const expected = new Map(
      jobIds.flatMap((jobId) =>
        Array.from({ length: size.files }, (_, file) =>
          Object.entries(contents[file % contents.length]).map(([name, sha256]): [string, string] => [
            `exports/entries/${jobId}/${file}/${name}`,
            sha256,
          ]),
        ).flat(),
      ),
    );
    const stored: string[] = [];
    for await (const { Contents: objects = [] } of paginateListObjectsV2(
      { client: s3 },
      { Bucket: outputs.OutputBucket, Prefix: 'exports/entries/' },
    )) {
      stored.push(...objects.map(({ Key: key }) => key!));
    }
    expect(stored.toSorted()).toEqual([...expected.keys()].toSorted());
    for (let at = 0; at < stored.length; at += 50) {
      await Promise.all(
        stored.slice(at, at + 50).map(async (Key) => {
          const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: outputs.OutputBucket, Key }));
          expect([
            Key,
            createHash('sha256')
              .update(await body!.transformToByteArray())
              .digest('hex'),
          ]).toEqual([Key, expected.get(Key)]);
        }),
      );
    }
  }, 240_000);

  test('the completion of every job was published once', async () => {
    type Event = Record<string, unknown> & { readonly detail: ExportJobEvent };
    const published: string[] = [];
    const events: Event[] = [];
    await until('the events', 180, async () => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: outputs.CompletedQueue, MaxNumberOfMessages: 10 }),
      );
      events.push(...messages.map(({ Body: body }) => JSON.parse(body!) as Event));
      published.push(...events.slice(published.length).map(({ detail }) => detail.jobId));
      if (messages.length === 0) {
        return jobIds.every((jobId) => published.includes(jobId)) || undefined;
      }
      const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: outputs.CompletedQueue, Entries }));
      return undefined;
    });
    events.forEach(expectToFitItsSchema);
    expect(published.filter((jobId) => jobId.startsWith('job-')).toSorted()).toEqual(jobIds.toSorted());
  }, 200_000);

  /** Ids of the jobs of each message that was in a dead-letter queue; a receive of an account may miss some. */
  const deadLetters = new Map<string, unknown>();
  async function deadLetterMessages(): Promise<unknown[]> {
    const queues = Object.entries(cloud.resources('ExportService')).flatMap(([id, url = '']) =>
      id.includes('DeadLetter') && /^https?:/.test(url) ? [url] : [],
    );
    for (const QueueUrl of new Set(queues)) {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
      );
      for (const { MessageId: id = '', Body: body } of messages) {
        const { jobIds, jobId } = (JSON.parse(body!) as { payload: { jobIds?: unknown; jobId?: unknown } }).payload;
        deadLetters.set(id, jobIds ?? jobId);
      }
    }
    return [...deadLetters.values()];
  }

  test('unknown jobs of each priority and an invalid message are in dead-letter queues, and no others', async () => {
    const expected = [['unknown-high'], ['unknown-normal'], ['unknown-low'], 'poison'];
    const found = await until('the dead-letter messages', 60, async () => {
      const messages = await deadLetterMessages();
      return messages.length < expected.length ? undefined : messages;
    });
    expect(found).toHaveLength(expected.length);
    expect(found).toEqual(expect.arrayContaining(expected));
    expect(await store.job('unknown-low')).toMatchObject({ status: 'failed', reason: 'ERR_EXPORT_NOT_FOUND' });
  }, 90_000);

  const completed = (jobId: string) =>
    until(`${jobId} to be completed`, 120, async () => {
      const job = await store.job(jobId);
      return job?.status === 'completed' ? job : undefined;
    });

  test('a damaged file of each priority is recorded with its reason, and its message is in a dead-letter queue', async () => {
    api.faults = { ...noFaults, truncatedBytes: 1_000 };
    const ids = Object.keys(QUEUES).map((priority) => `damaged-${priority}`);
    await Promise.all(Object.values(QUEUES).map((queue, at) => submit(queue, message(ids[at]))));
    for (const id of ids) {
      expect(await completed(id)).toMatchObject({ count: 1, failed: 1 });
    }
    await until('the dead-letter messages', 60, async () => {
      const found = await deadLetterMessages();
      return ids.every((id) => found.includes(id)) || undefined;
    });
    api.faults = noFaults;
  }, 200_000);

  testLocally('it injects faults')(
    'a file of which a part was stored is completed, and the record of its progress is deleted',
    async () => {
      const fails = 4;
      const resource = 'arn:aws:s3:::*/exports/entries/unfinished-0/*/WHEEL';
      await cloud.local!.faults.failNext({ action: 's3:PutObject', resource, error: 'InternalError', count: fails });
      await submit('ExportQueue', message('unfinished-0'));
      expect(await completed('unfinished-0')).toMatchObject({ count: 1, failed: 0 });
      const Prefix = 'exports/manifests/unfinished-0/';
      const { Contents: objects = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: outputs.OutputBucket, Prefix }),
      );
      expect(objects.map(({ Key: key }) => key)).toEqual([`${Prefix}0.json`]);
      const deleted = cloud.local!.calls().filter(({ action }) => action === 's3:DeleteObject');
      expect(deleted.map(({ resource: arn }) => arn)).toContainEqual(expect.stringContaining(`${Prefix}0.json.part/`));
    },
    200_000,
  );

  test('when its task stops, the rest of a message of each priority continues in another task', async () => {
    // Long enough that the jobs of all queues are at work at once, also when a task that stops receives one first
    api.faults = { ...noFaults, slowMs: 25_000 };
    const ids = Object.keys(QUEUES).map((priority) => [`slow-${priority}-0`, `slow-${priority}-1`]);
    await Promise.all(Object.values(QUEUES).map((queue, at) => submit(queue, message(...ids[at]))));
    await until('the first jobs to begin', 120, async () => {
      const first = await Promise.all(ids.map(([id]) => store.job(id)));
      return first.every((job) => job?.status === 'dispatching') || undefined;
    });
    await Promise.all((await runningTasks('orchestrator')).map(interruptTask));
    api.faults = noFaults;
    for (const id of ids.flat()) {
      await completed(id);
    }
    if (cloud.local) {
      const sent = cloud.local
        .calls()
        .filter(({ action, role }) => action === 'sqs:SendMessage' && /Orchestrator/.test(role ?? ''));
      const queues = new Set(sent.map(({ resource }) => resource.split(':').at(-1)));
      for (const queue of Object.values(QUEUES)) {
        expect(queues).toContain(outputs[queue].split('/').at(-1));
      }
    }
  }, 300_000);

  test('jobs waited while the API was unavailable, and continued by themselves', async () => {
    expect(interrupted).toBeGreaterThanOrEqual(FIRST_INTERRUPTIONS);
    for (const line of [UNAVAILABLE, RECOVERED]) {
      // The log of an account arrives later
      await until(`${line}, in a log`, 30, () => isLogged(line));
    }
    // The API of an account describes an activity in words
    if (cloud.local) {
      const activities = cloud.local.scaling().flatMap((target) => target.activities);
      expect(activities.filter(({ from, to }) => to > from).length).toBeGreaterThan(0);
    }
  }, 200_000);

  test('the orchestrator was responsive: jobs completed while another waited for its file, before the outage and after it', () => {
    const seconds = probes.map(({ from, to }) => (to - from) / 1_000).toSorted((a, b) => a - b);
    process.stdout.write(
      `${JSON.stringify({ probes: seconds.length, median: seconds[seconds.length >> 1], slowest: seconds.at(-1), interrupted })}\n`,
    );
    const meanwhile = probes.filter((one) => one.heldJob === 'dispatched');
    expect(meanwhile.some(({ to }) => to < outage.from)).toBe(true);
    expect(meanwhile.some(({ from }) => from > outage.from)).toBe(true);
  }, 5_000);

  testLocally('it injects faults')(
    'an event that its target refuses is in a dead-letter queue',
    async () => {
      expect(await loseAnEventOfEach(cloud.local!)).toEqual([
        'AlertsClock',
        'AlertsDeploymentRule',
        'AlertsServiceRule',
        'AlertsStoppedRule',
        'ExportsPostProcessingRule',
      ]);
    },
    120_000,
  );

  testLocally('an account does not say which statement allowed a call')(
    'every role has the permissions that its process used, and no others',
    async () => {
      const worker = 'ExportsWorkerTask';
      const orchestrator = 'ExportsOrchestratorTask';
      const leases = {
        action: 'sqs:ChangeMessageVisibility',
        because: 'a message is released, delayed, or has its lease extended: not in every queue',
        sometimes: true as const,
      };
      expect(
        await privilegeFindings(cloud.local!, app, [
          ...unusedByAlerts('Alerts'),
          { ...leases, role: worker },
          { ...leases, role: orchestrator },
          resends(worker),
          resends(orchestrator),
          {
            role: worker,
            action: 's3:AbortMultipartUpload',
            because: 'an entry that needs parts may fail between them; these need none',
          },
        ]),
      ).toEqual([]);
    },
    30_000,
  );

  testLocally('ECS calls its health check inside the task')(
    'a process reports that it is alive and ready, also while the API is unavailable: ECS does not replace its task',
    async () => {
      // The tasks share the network of this machine, in which only one could listen: so this is a process beside them,
      // with a queue of its own.
      const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'health' }));
      const { endpoint, region, credentials } = cloud.local!.clientConfig();
      const [port, closed] = [await freePort(), await freePort()];
      const child = spawn(process.execPath, ['dist/main.js'], {
        cwd: workerFolder('export-service'),
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          AWS_ENDPOINT_URL: endpoint,
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_SESSION_TOKEN: credentials.sessionToken,
          SERVICE_MODE: 'orchestrator',
          FILEWORKS_QUEUE_URL: queueUrl,
          FILEWORKS_HEALTH_PORT: String(port),
          FILEWORKS_VISIBILITY_TIMEOUT_SECONDS: '60',
          FILEWORKS_SCALE_IN_PROTECTION: 'disabled',
          FILEWORKS_EXPORT_NAME: 'health',
          FILEWORKS_EXPORT_API_URL: `http://127.0.0.1:${closed}/`,
          FILEWORKS_EXPORT_JOB_TABLE: outputs.JobTable,
          FILEWORKS_EXPORT_EVENT_BUS: 'default',
          FILEWORKS_DOWNLOAD_QUEUES: JSON.stringify([
            { exportQueueUrl: queueUrl, downloadQueueUrl: outputs.DownloadQueue },
          ]),
        },
      });
      const exited = once(child, 'exit');
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      const answers = () =>
        Promise.all(
          ['livez', 'readyz'].map(async (path) => {
            const response = await fetch(`http://127.0.0.1:${port}/${path}`);
            return [response.status, await response.json()] as const;
          }),
        );
      const well = [200, { fileworks: { status: 'up', problems: [] } }];
      try {
        expect(await until('an answer', 60, () => answers().catch(() => undefined))).toEqual([well, well]);
        await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: message('while-away') }));
        await until(
          'the job to wait for the API',
          60,
          () => output.includes('job waits for a dependency') || undefined,
        );
        expect(await answers()).toEqual([well, well]);
      } finally {
        child.kill('SIGTERM');
        await exited;
      }
    },
    150_000,
  );
});
