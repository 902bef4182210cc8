import { buffer } from 'node:stream/consumers';
import { DeregisterTaskDefinitionCommand, ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { ListExecutionsCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { useEndpoint } from '../../cli/test/support/command';
import { breakable, crashing, denied, hanging, operator } from './support/bad-version';
import { csvFile } from './support/csv-files';
import { until } from './support/deployment';
import { Rollout } from './support/rollout';

/** Stops the tasks of a revision. */
async function stopTasks({ cloud }: Rollout, revision: string): Promise<void> {
  const ecs = new ECSClient(cloud.clientConfig());
  for (const { taskArn: task, clusterArn: cluster, taskDefinitionArn, lastStatus } of cloud.tasks()) {
    if (taskDefinitionArn === revision && lastStatus !== 'STOPPED') {
      await ecs.send(new StopTaskCommand({ cluster, task, reason: 'rolled back' }));
    }
  }
  ecs.destroy();
}

async function deregister({ cloud }: Rollout, revision: string): Promise<void> {
  const ecs = new ECSClient(cloud.clientConfig());
  await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: revision }));
  ecs.destroy();
}

describe('object-tasks, updated to a bad version while its tasks run', () => {
  let rollout: Rollout;
  let outputs: Readonly<Record<string, string>>;
  const uploaded: string[] = [];
  const put = (...names: readonly string[]) => {
    uploaded.push(...names);
    return rollout.put(outputs.IncomingBucket, ...names.map((name) => `in/${name}.jsonl`));
  };
  const summaries = async () =>
    (await rollout.keys(outputs.ResultsBucket, 'summaries/')).map((key) => /\/(.+)\.jsonl@/.exec(key)?.[1]);
  const failed = (count: number) =>
    until(`${count} events in the dead-letter queue`, 60, async () =>
      (await rollout.inQueue(outputs.DeadLetterQueueUrl)) === count ? true : undefined,
    );

  beforeAll(async () => {
    rollout = await Rollout.start('object-tasks', 'bad-object-tasks', { command: breakable('node main.ts') });
    outputs = rollout.cloud.outputs('ObjectTasks');
    useEndpoint(rollout.cloud);
  }, 600_000);

  afterAll(() => rollout.stop(), 60_000);

  afterEach(async () => {
    await until('a summary of each file', 60, async () =>
      (await summaries()).length >= uploaded.length ? true : undefined,
    );
    expect(await summaries()).toEqual(uploaded.toSorted());
    expect(await rollout.inQueue(outputs.DeadLetterQueueUrl)).toBe(0);
  }, 120_000);

  test('that crashes: a redrive processes the files of its tasks', async () => {
    await put('crash-1');
    await rollout.running(1);
    await rollout.cloud.update(crashing(rollout.app));
    await put('crash-2', 'crash-3');
    await failed(2);
    await rollout.cloud.update(rollout.app);
    await put('crash-4');
    await operator('ObjectTasks', 'rerun', 'Summarizer', '--all');
  }, 120_000);

  test('whose tasks are denied: they start after the rollback', async () => {
    await put('denied-1');
    await rollout.running(1);
    await rollout.cloud.update(denied(rollout.app, /^SummarizerStateMachineRole/, 'ecs:RunTask'));
    await put('denied-2', 'denied-3');
    await until('the denial', 60, () => rollout.cloud.denials().find(({ action }) => action === 'ecs:RunTask'));
    await rollout.cloud.update(rollout.app);
    await put('denied-4');
  }, 120_000);

  test('that hangs: its revision is retired, and a redrive processes the files of its tasks', async () => {
    await put('hang-1');
    const [{ taskDefinitionArn: good }] = await rollout.running(1);
    await rollout.cloud.update(hanging(rollout.app));
    await put('hang-2', 'hang-3');
    const [{ taskDefinitionArn: bad }] = await rollout.running(2, good);
    await rollout.cloud.update(rollout.app);
    await put('hang-4');
    await deregister(rollout, bad);
    await stopTasks(rollout, bad);
    await failed(2);
    await operator('ObjectTasks', 'rerun', 'Summarizer', '--all');
  }, 120_000);
});

describe('typed-ingest, updated to a bad version while its tasks run', () => {
  let rollout: Rollout;
  let outputs: Readonly<Record<string, string>>;
  const uploaded: string[] = [];
  const put = (...names: readonly string[]) => {
    uploaded.push(...names);
    return rollout.put(outputs.IncomingBucket, ...names.map((name) => `incoming/${name}`));
  };
  const summaries = async () =>
    (await rollout.keys(outputs.ResultsBucket, 'summaries/')).map((key) => /incoming\/(.+)\.json$/.exec(key)?.[1]);
  const files = async (status: string) =>
    (JSON.parse(await operator('TypedIngest', '--json', 'files', 'list', '--status', status)) as { files: object[] })
      .files;

  beforeAll(async () => {
    rollout = await Rollout.start('typed-ingest', 'bad-typed-ingest', {
      command: breakable('node main.ts'),
      // Files of A wait half a minute for smaller numbers, and attempts for another; both are in real time
      adapt: (template) =>
        template
          .replaceAll('\\"settleSeconds\\":30', '\\"settleSeconds\\":1')
          .replaceAll('\\"backoffSeconds\\":5', '\\"backoffSeconds\\":1'),
    });
    outputs = rollout.cloud.outputs('TypedIngest');
    useEndpoint(rollout.cloud);
  }, 600_000);

  afterAll(() => rollout.stop(), 60_000);

  afterEach(async () => {
    await until('a summary of each file', 60, async () =>
      (await summaries()).length >= uploaded.length ? true : undefined,
    );
    expect(await summaries()).toEqual(uploaded.toSorted());
    for (const status of ['blocked', 'parked', 'queued']) {
      expect(await files(status)).toEqual([]);
    }
  }, 120_000);

  test('that crashes: a rerun processes the files that it has blocked and parked', async () => {
    await put('b/crash-1', 'c/crash-1');
    await rollout.running(2);
    await rollout.cloud.update(crashing(rollout.app));
    await put('a/acme/1.x', 'a/acme/2.x', 'b/crash-2', 'c/crash-2');
    await until('a blocked sequence and two parked files', 60, async () =>
      (await files('blocked')).length === 1 && (await files('parked')).length === 2 ? true : undefined,
    );
    await rollout.cloud.update(rollout.app);
    await put('b/crash-3');
    await operator('TypedIngest', 'rerun', 'Dispatcher', '--all');
  }, 120_000);

  test('whose tasks are denied: they start after the rollback', async () => {
    await put('b/denied-1');
    await rollout.running(1);
    await rollout.cloud.update(denied(rollout.app, /^Dispatcher(Launcher|Watcher)/, 'ecs:RunTask'));
    await put('a/acme/3.x', 'b/denied-2', 'c/denied-1');
    await until('the denial', 60, () => rollout.cloud.denials().find(({ action }) => action === 'ecs:RunTask'));
    await rollout.cloud.update(rollout.app);
    await put('a/acme/4.x');
  }, 120_000);

  test('that hangs: its tasks are stopped, and the next attempt processes their files', async () => {
    await put('b/hang-1');
    const [{ taskDefinitionArn: good }] = await rollout.running(1);
    await rollout.cloud.update(hanging(rollout.app));
    await put('a/acme/5.x', 'b/hang-2');
    const [{ taskDefinitionArn: bad }] = await rollout.running(2, good);
    await rollout.cloud.update(rollout.app);
    await put('a/acme/6.x', 'b/hang-3');
    await stopTasks(rollout, bad);
  }, 120_000);
});

describe('csv-batch, updated to a bad version while its batches run', () => {
  const FOLDER = 'orders/';
  let rollout: Rollout;
  let inbox: string;
  let outputs: Readonly<Record<string, string>>;
  let sfn: SFNClient;
  const uploaded: string[] = [];
  const put = async (kind: string, count: number) => {
    for (let n = 0; n < count; n += 1) {
      const name = `${kind}-${n}`;
      const file = csvFile(`${name}.csv`, n, 3);
      await rollout.putBody(inbox, `${FOLDER}incoming/${file.name}`, await buffer(file.body()));
      uploaded.push(name);
    }
    await rollout.putBody(inbox, `${FOLDER}incoming/_READY`, '');
  };
  const clean = async () =>
    (await rollout.keys(outputs.CleanBucket, 'clean/')).map((key) => /\/([^/]+)\.jsonl$/.exec(key)?.[1]);
  const executions = async (statusFilter: 'FAILED' | 'RUNNING') => {
    const { executions: found = [] } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: outputs.OrdersMachine, statusFilter }),
    );
    return found.map(({ executionArn }) => executionArn!);
  };
  const failedRun = (known: readonly string[]) =>
    until('a failed run', 60, async () => (await executions('FAILED')).find((arn) => !known.includes(arn)));
  const startRun = () =>
    sfn.send(
      new StartExecutionCommand({
        stateMachineArn: outputs.OrdersMachine,
        input: JSON.stringify({ prefixes: [FOLDER] }),
      }),
    );

  beforeAll(async () => {
    rollout = await Rollout.start('csv-batch', 'bad-csv-batch', { command: breakable('node main.ts'), speed: 60 });
    outputs = rollout.cloud.outputs('CsvBatch');
    inbox = outputs.InboxBucket;
    sfn = new SFNClient(rollout.cloud.clientConfig());
  }, 600_000);

  afterAll(async () => {
    sfn.destroy();
    await rollout.stop();
  }, 60_000);

  afterEach(async () => {
    await until('all files', 60, async () => ((await clean()).length >= uploaded.length ? true : undefined));
    await until('the end of the runs', 60, async () => ((await executions('RUNNING')).length === 0 ? true : undefined));
    expect(await clean()).toEqual(uploaded.toSorted());
    const ofInbox = async (folder: string) => (await rollout.keys(inbox, `${FOLDER}${folder}/`)).length;
    expect([await ofInbox('processed'), await ofInbox('failed')]).toEqual([uploaded.length, 0]);
  }, 120_000);

  test('that crashes: the next run processes the files of its batches', async () => {
    await put('before', 60);
    await rollout.running(2);
    await rollout.cloud.update(crashing(rollout.app));
    await put('crash', 2);
    await failedRun([]);
    await rollout.cloud.update(rollout.app);
    await startRun();
  }, 120_000);

  test('that may not store results: its files wait, and are processed after the rollback', async () => {
    const failed = await executions('FAILED');
    await rollout.cloud.update(denied(rollout.app, /^OrdersTaskDefinitionTaskRole/, 's3:PutObject'));
    await put('denied', 2);
    await until('the denial', 60, () => rollout.cloud.denials().find(({ action }) => action === 's3:PutObject'));
    await rollout.cloud.update(rollout.app);
    await until('all files', 60, async () => ((await clean()).length >= uploaded.length ? true : undefined));
    expect(await executions('FAILED')).toEqual(failed);
  }, 120_000);

  test('that hangs: its run is stopped, and the next one processes its files', async () => {
    await rollout.cloud.update(hanging(rollout.app));
    await put('hang', 2);
    await rollout.running(1);
    await rollout.cloud.update(rollout.app);
    for (const executionArn of await executions('RUNNING')) {
      await sfn.send(new StopExecutionCommand({ executionArn }));
    }
    await startRun();
    await until('the end of the hanging tasks', 60, () =>
      rollout.cloud.tasks().some(({ stoppedReason }) => stoppedReason === 'States.Aborted') ? true : undefined,
    );
  }, 120_000);
});
