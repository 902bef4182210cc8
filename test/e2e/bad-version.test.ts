import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { useEndpoint } from '../../cli/test/support/command';
import { Archives } from '../../examples/worker/export-api/archives';
import { ExportApi } from '../../examples/worker/export-api/server';
import { breakable, crashing, denied, hanging } from './support/bad-version';
import { until } from './support/deployment';
import { Rollout } from './support/rollout';
import type { Template } from './support/second-version';
import { zip } from './support/zip';

/** The services of a deployment, as ECS describes them. */
class Services {
  readonly #ecs: ECSClient;

  constructor(private readonly rollout: Rollout) {
    this.#ecs = new ECSClient(rollout.cloud.clientConfig());
  }

  /** The revision of a service that has completed its deployment. */
  async revision(name: string): Promise<string> {
    return until(`the deployment of ${name}`, 120, async () => {
      const { taskDefinition, deployments = [] } = await this.#describe(name);
      return deployments.find(({ status }) => status === 'PRIMARY')?.rolloutState === 'COMPLETED'
        ? taskDefinition
        : undefined;
    });
  }

  /** Waits until the circuit breaker has rolled a service back to a revision. */
  async rolledBack(name: string, revision: string): Promise<void> {
    await until(`the rollback of ${name}`, 120, async () => {
      const { taskDefinition, deployments = [] } = await this.#describe(name);
      const failed = deployments.some(({ rolloutState }) => rolloutState === 'FAILED');
      return failed && taskDefinition === revision ? true : undefined;
    });
  }

  destroy(): void {
    this.#ecs.destroy();
  }

  async #describe(name: string) {
    const task = this.rollout.cloud
      .tasks()
      .find(({ group = '' }) => group.startsWith(`service:`) && group.includes(name));
    const { services = [] } = await this.#ecs.send(
      new DescribeServicesCommand({
        cluster: task?.clusterArn,
        services: [task?.group?.replace(/^service:/, '') ?? name],
      }),
    );
    return services[0];
  }
}

describe('quickstart, updated to a bad version while it unpacks', () => {
  let rollout: Rollout;
  let services: Services;
  let outputs: Readonly<Record<string, string>>;
  let deadLetterQueueUrl: string;
  const uploaded: string[] = [];
  const put = async (kind: string, count: number) => {
    for (let n = 0; n < count; n += 1) {
      uploaded.push(`${kind}-${n}`);
      await rollout.putBody(outputs.IncomingBucket, `incoming/${kind}-${n}.zip`, zip(1, `${kind} ${n}`));
    }
  };
  const manifests = async () =>
    (await rollout.keys(outputs.ResultsBucket, 'manifests/')).map((key) => /\/(.+)\.zip\.json$/.exec(key)?.[1]);

  beforeAll(async () => {
    rollout = await Rollout.start('quickstart', 'bad-version', { command: breakable('node main.ts') });
    services = new Services(rollout);
    outputs = rollout.cloud.outputs('Quickstart');
    [, deadLetterQueueUrl] = Object.entries(rollout.cloud.resources('Quickstart')).find(([id]) =>
      /^UnpackerDeadLetterQueue[0-9A-F]{8}$/.test(id),
    ) as [string, string];
  }, 600_000);

  afterAll(async () => {
    services.destroy();
    await rollout.stop();
  }, 60_000);

  afterEach(async () => {
    await until('a manifest of each file', 120, async () =>
      (await manifests()).length >= uploaded.length ? true : undefined,
    );
    expect(await manifests()).toEqual(uploaded.toSorted());
    expect(await rollout.inQueue(deadLetterQueueUrl)).toBe(0);
  }, 180_000);

  test('that crashes: the circuit breaker rolls the service back', async () => {
    await put('crash', 3);
    const [{ taskDefinitionArn: good }] = await rollout.running(1);
    await rollout.cloud.update(crashing(rollout.app));
    await put('crashed', 3);
    await services.rolledBack('Unpacker', good);
  }, 240_000);

  test('that may not store results: its jobs are received again after the rollback', async () => {
    await rollout.cloud.update(rollout.app);
    await put('denied', 3);
    await rollout.cloud.update(denied(rollout.app, /^UnpackerTaskDefinitionTaskRole/, 's3:PutObject'));
    await put('refused', 3);
    await until('the denial', 60, () => rollout.cloud.denials().find(({ action }) => action === 's3:PutObject'));
    await rollout.cloud.update(rollout.app);
    await put('allowed', 2);
  }, 240_000);

  test('that hangs: its tasks take no job, and the rollback replaces them', async () => {
    await put('hang', 3);
    const [{ taskDefinitionArn: good }] = await rollout.running(1);
    await rollout.cloud.update(hanging(rollout.app));
    await rollout.running(1, good);
    await put('hung', 3);
    await rollout.cloud.update(rollout.app);
  }, 240_000);
});

describe('export-service, updated to a bad version while it exports', () => {
  const FILES_PER_JOB = 2;
  let api: ExportApi;
  let rollout: Rollout;
  let services: Services;
  let outputs: Readonly<Record<string, string>>;
  let sqs: SQSClient;
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-archives-'));
  const submitted: string[] = [];
  const submit = async (...ids: readonly string[]) => {
    submitted.push(...ids);
    const body = { fileworksJob: 1, type: 'ExportJob', payload: { version: 1, jobIds: ids } };
    await sqs.send(new SendMessageCommand({ QueueUrl: outputs.ExportQueue, MessageBody: JSON.stringify(body) }));
  };
  const entries = () => rollout.keys(outputs.OutputBucket, 'exports/entries/');

  beforeAll(async () => {
    writeFileSync(join(folder, 'archive.zip'), zip(1, 'row'));
    api = await ExportApi.listen({
      archives: await Archives.of([join(folder, 'archive.zip')]),
      filesOf: (id) => (submitted.includes(id) ? FILES_PER_JOB : undefined),
      token: 'token',
      pageSize: 5,
      requestsPerSecond: 400,
    });
    rollout = await Rollout.start('export-service', 'bad-export-service', {
      build: ['npm', 'run', 'build'],
      command: breakable('node dist/main.js', 0),
      adapt: (template) => here(template.replaceAll('https://export-api.example.com/', api.url)),
    });
    useEndpoint(rollout.cloud);
    services = new Services(rollout);
    outputs = rollout.cloud.outputs('ExportService');
    sqs = new SQSClient(rollout.cloud.clientConfig());
    const secrets = new SecretsManagerClient(rollout.cloud.clientConfig());
    await secrets.send(new PutSecretValueCommand({ SecretId: outputs.ApiTokenSecret, SecretString: 'token' }));
    secrets.destroy();
    const dynamodb = new DynamoDBClient(rollout.cloud.clientConfig());
    const Item = { name: { S: 'folder/0.txt' }, status: { S: 'approved' } };
    await dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [outputs.MetadataTable]: [{ PutRequest: { Item } }] } }),
    );
    dynamodb.destroy();
  }, 600_000);

  /** For two cores, and for health checks and attempts in real time. */
  function here(text: string): string {
    const template = JSON.parse(text) as Template;
    for (const [id, { Type: type, Properties: properties }] of Object.entries(template.Resources)) {
      if (type === 'AWS::ApplicationAutoScaling::ScalableTarget') {
        Object.assign(properties, { MaxCapacity: 2 });
      } else if (type === 'AWS::ECS::TaskDefinition') {
        const { ContainerDefinitions: containers } = properties as { ContainerDefinitions: { HealthCheck?: object }[] };
        Object.assign(containers[0].HealthCheck ?? {}, { Interval: 5, Retries: 2, StartPeriod: 0 });
      } else if (type === 'AWS::SQS::Queue' && id.startsWith('ExportsWorkerQueuesQueue')) {
        Object.assign((properties as { RedrivePolicy: object }).RedrivePolicy, { maxReceiveCount: 3 });
      }
    }
    return JSON.stringify(template);
  }

  afterAll(async () => {
    sqs.destroy();
    services.destroy();
    await rollout.stop();
    await api.close();
    rmSync(folder, { recursive: true });
  }, 60_000);

  afterEach(async () => {
    const expected = submitted.flatMap((id) =>
      Array.from({ length: FILES_PER_JOB }, (_, file) => `exports/entries/${id}/${file}/folder/0.txt`),
    );
    await until('the entries of each job', 120, async () =>
      (await entries()).length >= expected.length ? true : undefined,
    );
    expect(await entries()).toEqual(expected.toSorted());
    for (const [id, url] of Object.entries(rollout.cloud.resources('ExportService'))) {
      if (/^Exports\w*DeadLetterQueue[0-9A-F]{8}$/.test(id)) {
        expect([id, await rollout.inQueue(url!)]).toEqual([id, 0]);
      }
    }
  }, 180_000);

  test('that crashes: the circuit breaker rolls the orchestrator back', async () => {
    await submit('crash-1', 'crash-2');
    const good = await services.revision('Orchestrator');
    await rollout.cloud.update(crashing(rollout.app));
    await submit('crash-3');
    await services.rolledBack('Orchestrator', good);
    await rollout.cloud.update(rollout.app);
  }, 240_000);

  test('whose tasks are denied: the circuit breaker rolls the orchestrator back', async () => {
    await submit('denied-1', 'denied-2');
    const good = await services.revision('Orchestrator');
    await rollout.cloud.update(denied(rollout.app, /TaskDefinitionExecutionRole/, 'logs:CreateLogStream'));
    await submit('denied-3');
    await services.rolledBack('Orchestrator', good);
    await rollout.cloud.update(rollout.app);
  }, 240_000);

  test('whose downloader may not store results: its files wait, and are stored after the rollback', async () => {
    await services.revision('Worker');
    await rollout.cloud.update(denied(rollout.app, /^ExportsWorkerTaskDefinitionTaskRole/, 's3:PutObject'));
    await submit('refused-1');
    await until('the denial', 120, () => rollout.cloud.denials().find(({ action }) => action === 's3:PutObject'));
    await rollout.cloud.update(rollout.app);
  }, 240_000);

  test('that hangs: its health checks fail, and the circuit breaker rolls the orchestrator back', async () => {
    await submit('hang-1', 'hang-2');
    const good = await services.revision('Orchestrator');
    await rollout.cloud.update(hanging(rollout.app));
    await submit('hang-3');
    await services.rolledBack('Orchestrator', good);
    await rollout.cloud.update(rollout.app);
  }, 240_000);
});
