import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { LocalCloud } from 'fileworks-local';
import { fileworks, useEndpoint } from '../../cli/test/support/command';
import { buildZip } from '../support/zip-builder';
import { startDeployment, until } from './support/deployment';
import { skeletonOf, Transcript } from './support/transcript';

/** Set FILEWORKS_TRANSCRIPT=write to rewrite the page. */
const PAGE = resolve(__dirname, '..', '..', 'docs', 'operations', 'troubleshooting-transcript.md');
const HEAD = `# Troubleshooting transcript

This transcript shows five faults in two reference deployments on the local cloud, and how \`npx fileworks\` finds and fixes them. \`test/e2e/operations.test.ts\` repeats the transcript in
each run of the tests and compares it with this page; \`FILEWORKS_TRANSCRIPT=write npm run e2e -- operations\` rewrites the page. The local cloud reports no message ages, and its clock runs
60 times faster than the tasks.
`;

interface Status {
  readonly findings: readonly { readonly problem: string }[];
  readonly queues: readonly { readonly name: string; readonly visible: number; readonly inFlight: number }[];
  readonly services: readonly {
    readonly desired: number;
    readonly running: number;
    readonly lastFailure?: object;
    readonly serviceName: string;
    readonly cluster: string;
    readonly resourceId: string;
  }[];
  readonly rules: readonly { readonly name: string; readonly rule: string }[];
  readonly dispatchers: readonly {
    readonly byType: readonly { readonly type: string; readonly files: Readonly<Record<string, number>> }[];
  }[];
}

/** A deployment, with the clients that break it and send files to it. */
class Deployment {
  readonly s3: S3Client;
  readonly ecs: ECSClient;
  readonly events: EventBridgeClient;
  readonly scaling: ApplicationAutoScalingClient;

  constructor(
    readonly cloud: LocalCloud,
    readonly stack: string,
  ) {
    const config = cloud.clientConfig();
    [this.s3, this.ecs] = [new S3Client(config), new ECSClient(config)];
    [this.events, this.scaling] = [new EventBridgeClient(config), new ApplicationAutoScalingClient(config)];
    useEndpoint(cloud);
  }

  get outputs(): Readonly<Record<string, string>> {
    return this.cloud.outputs(this.stack);
  }

  async status(): Promise<Status> {
    const { out, err } = await fileworks(['--stack', this.stack, '--json', 'status']);
    if (out === '') {
      throw new Error(err);
    }
    return JSON.parse(out) as Status;
  }

  async untilStatus(what: string, seconds: number, look: (status: Status) => boolean): Promise<Status> {
    let last: Status | undefined;
    try {
      return await until(what, seconds, async () => {
        last = await this.status();
        return look(last) ? last : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; the last status was ${JSON.stringify(last, undefined, 2)}`, {
        cause: error,
      });
    }
  }

  untilHealthy(): Promise<Status> {
    return this.untilStatus(
      'no findings',
      120,
      ({ findings, queues }) =>
        findings.length === 0 && queues.every(({ visible, inFlight }) => visible + inFlight === 0),
    );
  }

  put(key: string, body: Uint8Array): Promise<unknown> {
    return this.s3.send(new PutObjectCommand({ Bucket: this.outputs.IncomingBucket, Key: key, Body: body }));
  }

  untilResult(key: string): Promise<unknown> {
    const find = new GetObjectCommand({ Bucket: this.outputs.ResultsBucket, Key: key });
    return until(key, 120, () =>
      this.s3.send(find).then(
        ({ Body }) => Body!.transformToString(),
        () => undefined,
      ),
    );
  }

  async stop(): Promise<void> {
    for (const client of [this.s3, this.ecs, this.events, this.scaling]) {
      client.destroy();
    }
    delete process.env.AWS_ENDPOINT_URL;
    await this.cloud.stop();
  }
}

const zip = (text: string) => buildZip([{ name: 'rows.csv', content: text.repeat(100) }]).bytes;
const transcript = new Transcript(HEAD);

describe('faults in a pipeline with a worker service', () => {
  let pipeline: Deployment;

  beforeAll(async () => {
    pipeline = new Deployment(await startDeployment('quickstart', { family: 'Quickstart*' }), 'Quickstart');
  }, 600_000);

  afterAll(() => pipeline.stop(), 60_000);

  /** The first deployment starts a task, and a task of the previous fault may still be idle. */
  const untilIdle = () =>
    pipeline.untilStatus('no task', 120, ({ services: [{ desired, running }] }) => desired + running === 0);

  test('a disabled rule', async () => {
    transcript.write(
      '## Files arrive and nothing happens\n\nThe rule of the route was disabled for a test and not enabled again.',
    );
    const {
      rules: [{ rule }],
    } = await untilIdle();
    await pipeline.events.send(new DisableRuleCommand({ Name: rule }));
    await pipeline.put('incoming/orders-1.zip', zip('a;b\n'));
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'files', 'follow', 'incoming/orders-1.zip');
    transcript.write(
      'EventBridge does not keep events for a disabled rule. Upload the file again after you enable the rule.',
    );
    await transcript.shell(`aws events enable-rule --name ${rule}`, () =>
      pipeline.events.send(new EnableRuleCommand({ Name: rule })),
    );
    await transcript.shell('aws s3 cp orders-1.zip "s3://$INCOMING/incoming/orders-1.zip"', () =>
      pipeline.put('incoming/orders-1.zip', zip('a;b\n')),
    );
    await pipeline.untilResult('manifests/orders-1.zip.json');
    await pipeline.untilHealthy();
    await transcript.run('Quickstart', 'files', 'follow', 'incoming/orders-1.zip');
  }, 300_000);

  test('suspended scaling while files arrive', async () => {
    transcript.write('## Backlog without tasks\n\nScaling was suspended for maintenance.');
    const {
      services: [{ resourceId }],
    } = await untilIdle();
    await pipeline.scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: resourceId,
        SuspendedState: {
          DynamicScalingInSuspended: true,
          DynamicScalingOutSuspended: true,
          ScheduledScalingSuspended: true,
        },
      }),
    );
    for (const number of [2, 3, 4]) {
      await pipeline.put(`incoming/orders-${number}.zip`, zip(`${number}\n`));
    }
    await pipeline.untilStatus('three messages', 60, ({ queues: [{ visible, inFlight }] }) => visible + inFlight === 3);
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'resume', 'Unpacker');
    for (const number of [2, 3, 4]) {
      await pipeline.untilResult(`manifests/orders-${number}.zip.json`);
    }
    await pipeline.untilHealthy();
    await transcript.run('Quickstart', 'status');
  }, 300_000);

  test('a task definition that cannot start', async () => {
    transcript.write(
      '## Tasks are desired but none runs\n\nA hotfix was deployed manually, with the tag of an image that was never pushed.',
    );
    const {
      services: [{ cluster, serviceName: service }],
    } = await untilIdle();
    const { services: [{ taskDefinition: good }] = [{}] } = await pipeline.ecs.send(
      new DescribeServicesCommand({ cluster, services: [service] }),
    );
    const { taskDefinition } = await pipeline.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: good }));
    const containerDefinitions = taskDefinition!.containerDefinitions!.map((container) => ({
      ...container,
      image: 'registry.example.com/unpacker:2026-11-hotfix',
    }));
    const { networkMode, requiresCompatibilities, cpu, memory, executionRoleArn, taskRoleArn } = taskDefinition!;
    await pipeline.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'hotfix',
        containerDefinitions,
        networkMode,
        requiresCompatibilities,
        cpu,
        memory,
        executionRoleArn,
        taskRoleArn,
      }),
    );
    await pipeline.ecs.send(new UpdateServiceCommand({ cluster, service, taskDefinition: 'hotfix' }));
    await pipeline.put('incoming/orders-5.zip', zip('5\n'));
    await pipeline.untilStatus(
      'a task that failed to start',
      120,
      ({ services: [{ desired, running, lastFailure }] }) => desired > 0 && running === 0 && lastFailure !== undefined,
    );
    await transcript.run('Quickstart', 'status');
    const last = good!.slice(good!.lastIndexOf('/') + 1);
    await transcript.shell(
      `aws ecs update-service --cluster ${cluster} --service ${service} --task-definition ${last}`,
      () => pipeline.ecs.send(new UpdateServiceCommand({ cluster, service, taskDefinition: good })),
    );
    await pipeline.untilResult('manifests/orders-5.zip.json');
    await pipeline.untilHealthy();
    await transcript.run('Quickstart', 'status');
  }, 300_000);

  test('a damaged file', async () => {
    transcript.write(
      '## A message in the dead-letter queue\n\nAn archive is damaged, and the alarm is in ALARM. The name of the archive contains an escape sequence that would clear your terminal.',
    );
    const key = 'incoming/\u001b[2Jinvoices.zip';
    await pipeline.put(key, Buffer.from('PK, and then nothing that a ZIP has'));
    await pipeline.untilStatus('the alarm', 240, ({ findings }) =>
      findings.some(({ problem }) => problem.startsWith('alarm UnpackerDeadLetter')),
    );
    await untilIdle();
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'rerun', 'list', 'Unpacker');
    await transcript.run('Quickstart', 'files', 'follow', key);
    transcript.write('The sender uploads a valid archive under the same name. Now you can run the message again.');
    await pipeline.put(key, zip('invoice\n'));
    await transcript.run('Quickstart', '--dry-run', 'rerun', 'Unpacker', '--key', '*invoices.zip');
    await transcript.run('Quickstart', 'rerun', 'Unpacker', '--key', '*invoices.zip', '--rate', '5');
    await pipeline.untilResult('manifests/\u001b[2Jinvoices.zip.json');
    await pipeline.untilHealthy();
    await transcript.run('Quickstart', 'status');
  }, 400_000);
});

describe('faults in a pipeline with a dispatcher', () => {
  let pipeline: Deployment;

  beforeAll(async () => {
    pipeline = new Deployment(
      await startDeployment('typed-ingest', { folder: 'operations', speed: 10 }),
      'TypedIngest',
    );
  }, 600_000);

  afterAll(() => pipeline.stop(), 60_000);

  test('a blocked sequence', async () => {
    transcript.write(
      '## A blocked sequence\n\nThe first file of a customer is empty. The next file of the customer stays queued, because files of a sequence are processed in order.',
    );
    await pipeline.put('incoming/a/acme/1.csv', new Uint8Array());
    await pipeline.put('incoming/a/acme/2.csv', Buffer.from('a;b\n'));
    await pipeline.untilStatus(
      'a blocked file and a queued one, and the alarm',
      180,
      ({
        findings,
        dispatchers: [
          {
            byType: [{ files }],
          },
        ],
      }) =>
        files.blocked === 1 &&
        files.queued === 1 &&
        findings.some(({ problem }) => problem.includes('DispatcherBlocked is in ALARM')),
    );
    await transcript.run('TypedIngest', 'status');
    await transcript.run('TypedIngest', 'files', 'list', '--type', 'A', '--status', 'blocked');
    await transcript.run('TypedIngest', 'files', 'follow', 'incoming/a/acme/1.csv');
    transcript.write('The sender confirms that the empty file was a mistake. Skip it, and the next file runs.');
    await transcript.run(
      'TypedIngest',
      '--yes',
      'sequence',
      'skip',
      'incoming/a/acme/1.csv',
      '--reason',
      'empty by mistake, confirmed by the sender',
      '--by',
      'alice',
    );
    await pipeline.untilResult('summaries/incoming/a/acme/2.csv.json');
    await pipeline.untilStatus(
      'no open file',
      120,
      ({
        dispatchers: [
          {
            byType: [{ files }],
          },
        ],
      }) => Object.values(files).every((count) => count === 0),
    );
    await pipeline.untilHealthy();
    await transcript.run('TypedIngest', 'status');
  }, 400_000);
});

test('the page in the documentation equals the transcript', () => {
  if (process.env.FILEWORKS_TRANSCRIPT === 'write') {
    writeFileSync(PAGE, transcript.text);
  }
  expect(skeletonOf(transcript.text)).toEqual(skeletonOf(readFileSync(PAGE, 'utf8')));
});
