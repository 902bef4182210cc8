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

/** Set FILEWORKS_TRANSCRIPT=write to write the page anew. */
const PAGE = resolve(__dirname, '..', '..', 'docs', 'operations', 'troubleshooting-transcript.md');
const HEAD = `# A pipeline that was broken on purpose

Two reference deployments on the local cloud, broken in five ways, and what \`npx fileworks\` showed of it and did about it. \`test/e2e/operations.test.ts\` plays all of it in each run of the
tests and holds it against this page; \`FILEWORKS_TRANSCRIPT=write npm run e2e -- operations\` writes the page anew. The local cloud has no ages of messages, and its clock runs 60 times
faster than the tasks.
`;

interface Status {
  readonly findings: readonly { readonly problem: string }[];
  readonly work: readonly { readonly name: string; readonly waiting: number; readonly inWork: number }[];
  readonly deadLetters: readonly { readonly name: string; readonly waiting: number; readonly inWork: number }[];
  readonly workers: readonly {
    readonly desired: number;
    readonly running: number;
    readonly lastFailure?: object;
    readonly service: string;
    readonly cluster: string;
    readonly resourceId: string;
  }[];
  readonly rules: readonly { readonly name: string; readonly rule: string }[];
  readonly dispatchers: readonly {
    readonly byType: readonly { readonly type: string; readonly files: Readonly<Record<string, number>> }[];
  }[];
}

/** Deploys, and talks to it as somebody who breaks it and as somebody who sends files. */
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

  untilWell(): Promise<Status> {
    return this.untilStatus(
      'nothing wrong',
      120,
      ({ findings, work }) => findings.length === 0 && work.every(({ waiting, inWork }) => waiting + inWork === 0),
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

describe('a pipeline with a worker that was broken on purpose', () => {
  let pipeline: Deployment;

  beforeAll(async () => {
    pipeline = new Deployment(await startDeployment('quickstart', { family: 'Quickstart*' }), 'Quickstart');
  }, 240_000);

  afterAll(() => pipeline.stop(), 60_000);

  /** The first deployment starts a task, and the one of the fault before may still idle. */
  const untilIdle = () =>
    pipeline.untilStatus('no task', 120, ({ workers: [{ desired, running }] }) => desired + running === 0);

  test('a rule that is disabled', async () => {
    transcript.say(
      '## Files arrive and nothing happens\n\nSomebody has disabled the rule of the route for a test and forgotten it.',
    );
    const {
      rules: [{ rule }],
    } = await untilIdle();
    await pipeline.events.send(new DisableRuleCommand({ Name: rule }));
    await pipeline.put('incoming/orders-1.zip', zip('a;b\n'));
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'files', 'follow', 'incoming/orders-1.zip');
    transcript.say(
      'EventBridge keeps nothing for a rule that is disabled, so the file is sent again after the rule is enabled.',
    );
    await transcript.shell(`aws events enable-rule --name ${rule}`, () =>
      pipeline.events.send(new EnableRuleCommand({ Name: rule })),
    );
    await transcript.shell('aws s3 cp orders-1.zip "s3://$INCOMING/incoming/orders-1.zip"', () =>
      pipeline.put('incoming/orders-1.zip', zip('a;b\n')),
    );
    await pipeline.untilResult('manifests/orders-1.zip.json');
    await pipeline.untilWell();
    await transcript.run('Quickstart', 'files', 'follow', 'incoming/orders-1.zip');
  }, 300_000);

  test('scaling that is suspended while files come', async () => {
    transcript.say('## A backlog, and no task\n\nScaling was suspended for maintenance.');
    const {
      workers: [{ resourceId }],
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
    await pipeline.untilStatus('three waiting', 60, ({ work: [{ waiting, inWork }] }) => waiting + inWork === 3);
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'resume', 'Unpacker');
    for (const number of [2, 3, 4]) {
      await pipeline.untilResult(`manifests/orders-${number}.zip.json`);
    }
    await pipeline.untilWell();
    await transcript.run('Quickstart', 'status');
  }, 300_000);

  test('a task definition that cannot start', async () => {
    transcript.say(
      '## Tasks are wanted and none runs\n\nA hotfix was deployed by hand, with the tag of an image that was never pushed.',
    );
    const {
      workers: [{ cluster, service }],
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
      ({ workers: [{ desired, running, lastFailure }] }) => desired > 0 && running === 0 && lastFailure !== undefined,
    );
    await transcript.run('Quickstart', 'status');
    const last = good!.slice(good!.lastIndexOf('/') + 1);
    await transcript.shell(
      `aws ecs update-service --cluster ${cluster} --service ${service} --task-definition ${last}`,
      () => pipeline.ecs.send(new UpdateServiceCommand({ cluster, service, taskDefinition: good })),
    );
    await pipeline.untilResult('manifests/orders-5.zip.json');
    await pipeline.untilWell();
    await transcript.run('Quickstart', 'status');
  }, 300_000);

  test('a file that no attempt can read', async () => {
    transcript.say(
      '## A message in the dead-letter queue\n\nThe alarm rings: an archive is damaged. Its name would clear the screen of whoever lists it.',
    );
    const key = 'incoming/\u001b[2Jinvoices.zip';
    await pipeline.put(key, Buffer.from('PK, and then nothing that a ZIP has'));
    await pipeline.untilStatus('the alarm', 240, ({ findings }) =>
      findings.some(({ problem }) => problem.startsWith('alarm UnpackerDeadLetter')),
    );
    await untilIdle();
    await transcript.run('Quickstart', 'status');
    await transcript.run('Quickstart', 'dlq', 'show', 'Unpacker');
    await transcript.run('Quickstart', 'files', 'follow', key);
    transcript.say('The sender puts the archive again, under the same name, so the message can be done now.');
    await pipeline.put(key, zip('invoice\n'));
    await transcript.run('Quickstart', '--dry-run', 'dlq', 'redrive', 'Unpacker', '--key', '*invoices.zip');
    await transcript.run('Quickstart', 'dlq', 'redrive', 'Unpacker', '--key', '*invoices.zip', '--rate', '5');
    await pipeline.untilResult('manifests/\u001b[2Jinvoices.zip.json');
    await pipeline.untilWell();
    await transcript.run('Quickstart', 'status');
  }, 400_000);
});

describe('a pipeline with a dispatcher that was broken on purpose', () => {
  let pipeline: Deployment;

  beforeAll(async () => {
    pipeline = new Deployment(await startDeployment('typed-ingest'), 'TypedIngest');
  }, 240_000);

  afterAll(() => pipeline.stop(), 60_000);

  test('a sequence that is blocked', async () => {
    transcript.say(
      '## A sequence that stands\n\nThe first file of a customer is empty, and his next one waits behind it: they are processed in order.',
    );
    await pipeline.put('incoming/a/acme/1.csv', new Uint8Array());
    await pipeline.put('incoming/a/acme/2.csv', Buffer.from('a;b\n'));
    await pipeline.untilStatus(
      'a blocked file and one behind it',
      180,
      ({
        dispatchers: [
          {
            byType: [{ files }],
          },
        ],
      }) => files.blocked === 1 && files.queued === 1,
    );
    await transcript.run('TypedIngest', 'status');
    await transcript.run('TypedIngest', 'files', 'list', '--type', 'A', '--status', 'blocked');
    await transcript.run('TypedIngest', 'files', 'follow', 'incoming/a/acme/1.csv');
    transcript.say('The sender says that the empty file was a mistake. It is given up, and the next one runs.');
    await transcript.run(
      'TypedIngest',
      '--yes',
      'sequence',
      'skip',
      'incoming/a/acme/1.csv',
      '--reason',
      'empty by mistake, says the sender',
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
    await pipeline.untilWell();
    await transcript.run('TypedIngest', 'status');
  }, 400_000);
});

test('the page in the documentation shows what happened', () => {
  if (process.env.FILEWORKS_TRANSCRIPT === 'write') {
    writeFileSync(PAGE, transcript.text);
  }
  expect(skeletonOf(transcript.text)).toEqual(skeletonOf(readFileSync(PAGE, 'utf8')));
});
