import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetLogEventsCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
  type StartBuildCommandInput,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ZipFile } from 'yazl';
import { buffer } from 'node:stream/consumers';
import { LocalCloud } from '../../src';
import { writeApp } from '../support/app';
import { alive, TOOLS, until } from '../support/cloud';
import { BUILDS_APP, policyOf } from './app';

jest.setTimeout(120_000);

const SOURCE = 'https://github.com/acme/shop.git';
const checkout = mkdtempSync(join(tmpdir(), 'fileworks-checkout-'));

let cloud: LocalCloud;
let codeBuild: CodeBuildClient;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  mkdirSync(join(checkout, 'database'));
  writeFileSync(join(checkout, 'database', 'migrate.sh'), 'echo "$PGUSER migrates with $PGPASSWORD"\n');
  cloud = await LocalCloud.start({
    app: writeApp({ Builds: BUILDS_APP }),
    tasks: { tasks: [], builds: [{ source: SOURCE, cwd: checkout, env: { OF_IMAGE: 'image', OF_BUILD: 'image' } }] },
    toolsDir: TOOLS,
  });
  codeBuild = new CodeBuildClient(cloud.clientConfig());
  outputs = cloud.outputs('Builds');
});

afterAll(async () => {
  codeBuild.destroy();
  await cloud.stop();
  rmSync(checkout, { recursive: true });
});

const get = async (id: string): Promise<Build> =>
  (await codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }))).builds![0];
const completed = (id: string) =>
  until(async () => {
    const build = await get(id);
    return build.buildComplete && build;
  }, `the end of ${id}`);

async function start(commands: readonly string[], more: Partial<StartBuildCommandInput> = {}): Promise<string> {
  const buildspec = { version: '0.2', env: { shell: 'bash' }, phases: { build: { commands } } };
  const { build } = await codeBuild.send(
    new StartBuildCommand({
      projectName: outputs.Project,
      buildspecOverride: JSON.stringify(buildspec),
      ...more,
    }),
  );
  return build!.id!;
}

async function outputOf({ logs }: Build): Promise<string[]> {
  const client = new CloudWatchLogsClient(cloud.clientConfig());
  const { events = [] } = await client.send(
    new GetLogEventsCommand({ logGroupName: logs!.groupName, logStreamName: logs!.streamName, startFromHead: true }),
  );
  client.destroy();
  return events.map(({ message }) => message!);
}

const statusOf = ({ phases = [] }: Build): Record<string, string | undefined> =>
  Object.fromEntries(phases.map(({ phaseType, phaseStatus }) => [String(phaseType), phaseStatus]));
const reasonsOf = ({ phases = [] }: Build) =>
  phases.flatMap(({ phaseType, phaseStatus, contexts = [] }) =>
    phaseStatus === 'FAILED' ? [[phaseType, contexts[0].message]] : [],
  );

/** Runs `during` without a statement of the role of the builds. */
async function without(statement: string, during: () => Promise<void>): Promise<void> {
  const iam = new IAMClient(cloud.clientConfig());
  const put = (names: readonly string[]) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: outputs.Role,
        PolicyName: 'Build',
        PolicyDocument: JSON.stringify(policyOf(names, outputs)),
      }),
    );
  const every = ['Log', 'Interface', 'Network', 'Secret', 'Source'];
  await put(every.filter((name) => name !== statement));
  try {
    await during();
  } finally {
    await put(every);
    iam.destroy();
  }
}

test('a build runs the commands of the template in its source, with the secret and the role of the project', async () => {
  const { build } = await codeBuild.send(new StartBuildCommand({ projectName: outputs.Project }));
  expect(build).toMatchObject({ buildStatus: 'IN_PROGRESS', buildComplete: false });
  const ended = await completed(build!.id!);
  const output = await outputOf(ended);
  expect([ended.buildStatus, output]).toEqual(['SUCCEEDED', expect.arrayContaining(['owner migrates with p"ss'])]);
  expect(Object.keys(statusOf(ended))).toEqual([
    'SUBMITTED',
    'QUEUED',
    'PROVISIONING',
    'DOWNLOAD_SOURCE',
    'INSTALL',
    'PRE_BUILD',
    'BUILD',
    'POST_BUILD',
    'UPLOAD_ARTIFACTS',
    'FINALIZING',
    'COMPLETED',
  ]);
  const role = `arn:aws:iam::${cloud.account}:role/${outputs.Role}`;
  const own = cloud.calls().filter((call) => call.by === 'codebuild.amazonaws.com' && call.role === role);
  expect([...new Set(own.map(({ action }) => action))].sort()).toEqual([
    'ec2:CreateNetworkInterface',
    'ec2:CreateNetworkInterfacePermission',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeDhcpOptions',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeSubnets',
    'ec2:DescribeVpcs',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'secretsmanager:GetSecretValue',
  ]);
  expect(cloud.denials()).toEqual([]);
});

test('one shell runs all commands; variables of the build win over those of the image; /tmp is its own', async () => {
  const commands = [
    'cd database',
    'export NAME=value',
    'echo "$(basename $PWD) $NAME $OF_IMAGE $OF_BUILD"',
    'touch /tmp/mark',
    'echo /tmp/mark',
  ];
  const id = await start(commands, {
    environmentVariablesOverride: [{ name: 'OF_BUILD', value: 'build' }],
  });
  const output = await outputOf(await completed(id));
  expect(output).toContain('database value image build');
  const mark = output.find((line) => /^\/.*\/mark$/.test(line));
  expect(mark).not.toBe('/tmp/mark');
});

test('a command that fails ends its phase; POST_BUILD runs all the same, also when the shell has ended', async () => {
  const phases = {
    build: { commands: ['echo first', 'exit 3', 'echo never'], finally: ['echo finally'] },
    post_build: { commands: ['echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"'] },
  };
  const id = await start([], { buildspecOverride: JSON.stringify({ version: '0.2', phases }) });
  const ended = await completed(id);
  const output = await outputOf(ended);
  expect([ended.buildStatus, statusOf(ended).BUILD, statusOf(ended).POST_BUILD]).toEqual([
    'FAILED',
    'FAILED',
    'SUCCEEDED',
  ]);
  expect(output).toEqual(expect.arrayContaining(['first', 'finally', 'succeeding: 0']));
  expect(output).not.toContain('never');
  expect(reasonsOf(ended)).toEqual([['BUILD', 'Error while executing command: exit 3. Reason: exit status 3']]);
});

test('a failed INSTALL ends the build', async () => {
  const phases = { install: { commands: ['false'] }, build: { commands: ['echo never'] } };
  const ended = await completed(await start([], { buildspecOverride: JSON.stringify({ version: '0.2', phases }) }));
  expect(Object.keys(statusOf(ended)).slice(4)).toEqual(['INSTALL', 'FINALIZING', 'COMPLETED']);
});

test.each([
  ['Log', 'PROVISIONING', /^Service role .* does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams/],
  ['Interface', 'PROVISIONING', /UnauthorizedOperation: .*ec2:CreateNetworkInterfacePermission/],
  ['Network', 'PROVISIONING', /UnauthorizedOperation: .*ec2:DescribeVpcs/],
  ['Secret', 'DOWNLOAD_SOURCE', /^Secrets Manager Error Message: AccessDeniedException/],
])('without the statement %s of the role, the build fails in %s', async (statement, phase, reason) => {
  await without(statement, async () => {
    const { build } = await codeBuild.send(new StartBuildCommand({ projectName: outputs.Project }));
    const ended = await completed(build!.id!);
    expect([ended.buildStatus, reasonsOf(ended)]).toEqual(['FAILED', [[phase, expect.stringMatching(reason)]]]);
  });
});

test('no more builds run at a time than the project allows; a build that is stopped ends all that it started', async () => {
  const id = await start(['echo "pid $$"', 'sleep 600']);
  await expect(start(['true'])).rejects.toMatchObject({ name: 'AccountLimitExceededException' });
  const pid = await until(async () => {
    const line = (await outputOf(await get(id))).find((text) => /^pid \d+$/.test(text));
    return line === undefined ? undefined : Number(line.slice(4));
  }, 'the process');
  expect(alive(pid)).toBe(true);
  await codeBuild.send(new StopBuildCommand({ id }));
  expect((await completed(id)).buildStatus).toBe('STOPPED');
  await until(() => !alive(pid), 'the end of the process');
  expect((await completed(await start(['true']))).buildStatus).toBe('SUCCEEDED');
});

test.each([
  ['{"version":"0.1"}', 'the buildspec: it must be an object with version 0.2'],
  ['{"version":"0.2","env":{"shell":"powershell-core"}}', 'env.shell must be sh or bash'],
  [
    '{"version":"0.2","phases":{"deploy":{}}}',
    'phases has deploy; the phases are install, pre_build, build, post_build',
  ],
  ['{"version":"0.2","env":{"secrets-manager":{"A":"nowhere:key"}}}', 'AccessDeniedException'],
  ['../../etc/passwd', 'no such file in the source'],
])('fails in DOWNLOAD_SOURCE with the buildspec %s', async (buildspecOverride, reason) => {
  const ended = await completed(await start([], { buildspecOverride }));
  expect(reasonsOf(ended)).toEqual([['DOWNLOAD_SOURCE', expect.stringContaining(reason)]]);
});

test('a source that is on no machine is named, with the entry of tasks.json', async () => {
  const { build } = await codeBuild.send(new StartBuildCommand({ projectName: outputs.Elsewhere }));
  const [[phase, reason]] = reasonsOf(await completed(build!.id!));
  expect(phase).toBe('DOWNLOAD_SOURCE');
  expect(reason).toContain('{"source": "https://github.com/acme/other.git", "cwd": "path/to/checkout"}');
});

test('a source in S3 is read with the role of the project', async () => {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('echo from S3\n'), 'run.sh', { mode: 0o755 });
  zip.addBuffer(Buffer.from('version: 0.2\nphases:\n  build:\n    commands:\n      - ./run.sh\n'), 'buildspec.yml');
  zip.end();
  const s3 = new S3Client(cloud.clientConfig());
  await s3.send(
    new PutObjectCommand({ Bucket: outputs.Bucket, Key: 'source.zip', Body: await buffer(zip.outputStream) }),
  );
  s3.destroy();
  const run = async () => {
    const { build } = await codeBuild.send(new StartBuildCommand({ projectName: outputs.Stored }));
    return completed(build!.id!);
  };
  const ended = await run();
  expect([ended.buildStatus, await outputOf(ended)]).toEqual(['SUCCEEDED', expect.arrayContaining(['from S3'])]);
  await without('Source', async () => {
    expect(reasonsOf(await run())).toEqual([['DOWNLOAD_SOURCE', expect.stringContaining('s3:GetObject')]]);
  });
});

test('a schedule starts builds, and one that may not has its call in the dead-letter queue', async () => {
  const scheduler = new SchedulerClient(cloud.clientConfig());
  const schedule = (name: string, role: string) =>
    scheduler.send(
      new CreateScheduleCommand({
        Name: name,
        ScheduleExpression: 'at(2020-01-01T00:00:00)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: outputs.StoredArn,
          RoleArn: role,
          Input: '{"buildspecOverride":"{\\"version\\":\\"0.2\\"}"}',
          DeadLetterConfig: { Arn: outputs.DeadLettersArn },
        },
      }),
    );
  const started = () =>
    cloud
      .calls()
      .filter(
        ({ by, action, denied }) => by === 'scheduler.amazonaws.com' && action === 'codebuild:StartBuild' && !denied,
      );
  await schedule('starts', outputs.StarterArn);
  await until(() => started().length === 1, 'the call');
  await schedule('may-not', outputs.SenderArn);
  const sqs = new SQSClient(cloud.clientConfig());
  const message = await until(async (): Promise<Message | undefined> => {
    const { Messages: [found] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: outputs.DeadLetters, MessageAttributeNames: ['All'], WaitTimeSeconds: 1 }),
    );
    return found;
  }, 'the dead-letter message');
  expect(JSON.parse(message.Body!)).toEqual({ ProjectName: outputs.StoredArn, buildspecOverride: '{"version":"0.2"}' });
  expect(message.MessageAttributes!.ERROR_CODE.StringValue).toBe('AccessDeniedException');
  scheduler.destroy();
  sqs.destroy();
});

test('a rule starts a build, and another receives the event of one that failed', async () => {
  const events = new EventBridgeClient(cloud.clientConfig());
  await events.send(new PutEventsCommand({ Entries: [{ Source: 'test', DetailType: 'Start', Detail: '{}' }] }));
  events.destroy();
  await until(
    () => cloud.calls().some((call) => call.by === 'events.amazonaws.com' && call.action === 'codebuild:StartBuild'),
    'the call of the rule',
  );
  const { id, arn } = await completed(await start(['false']));
  const sqs = new SQSClient(cloud.clientConfig());
  const event = await until(async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: outputs.Failures, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    return messages.map(({ Body: body }) => body!).find((body) => body.includes(id!));
  }, `the event of ${id}`);
  sqs.destroy();
  expect(JSON.parse(event)).toMatchObject({
    resources: [arn],
    detail: { 'build-id': arn, 'project-name': outputs.Project, 'current-phase': 'COMPLETED' },
  });
});
