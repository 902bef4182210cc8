import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import {
  BatchGetBuildsCommand,
  CodeBuildClient,
  CreateProjectCommand,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { ListClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud } from 'fileworks-local';
import { makeArtifacts } from '../support/artifacts';
import { until } from './support/deployment';

const root = resolve(__dirname, '..', '..');

interface Run {
  readonly child: ChildProcess;
  output: string;
  readonly ended: Promise<number | null>;
}

/**
 * `npm run integ` at the endpoint of a local cloud that has no app: what it does in an account, without the credentials
 * of one.
 */
describe('npm run integ', () => {
  let cloud: LocalCloud;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    makeArtifacts('js');
    cloud = await LocalCloud.start({
      app: false,
      tasks: join(root, 'examples', 'worker', 'tasks.json'),
      speed: 60,
      toolsDir: join(root, '.tools'),
      logDir: join(root, 'build', 'e2e', 'integ-logs'),
    });
    const { accessKeyId, secretAccessKey, sessionToken } = cloud.credentials;
    env = {
      ...process.env,
      AWS_ENDPOINT_URL: '',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: cloud.region,
    };
    delete env.AWS_ENDPOINT_URL;
  }, 300_000);

  afterAll(async () => {
    await cloud.stop();
  }, 60_000);

  const run = (args: string[], added: NodeJS.ProcessEnv = {}): Run => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...env, ...added },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started: Run = { child, output: '', ended: new Promise((done) => child.once('close', done)) };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        started.output += data.toString();
      });
    }
    return started;
  };
  const integ = (...args: string[]) =>
    run([join(root, 'build-tools', 'integ.ts'), ...args, '--endpoint', cloud.endpoint]);

  /** What is in the cloud besides the bootstrap stack. */
  const leftovers = async () => {
    const config = cloud.clientConfig();
    const [s3, sqs, ecs, logs] = [
      new S3Client(config),
      new SQSClient(config),
      new ECSClient(config),
      new CloudWatchLogsClient(config),
    ];
    const { Buckets: buckets = [] } = await s3.send(new ListBucketsCommand({}));
    const { QueueUrls: queues = [] } = await sqs.send(new ListQueuesCommand({}));
    const { clusterArns: clusters = [] } = await ecs.send(new ListClustersCommand({}));
    const groups: string[] = [];
    for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, {})) {
      groups.push(...logGroups.map(({ logGroupName = '' }) => logGroupName));
    }
    [s3, sqs, ecs, logs].forEach((client: { destroy(): void }) => client.destroy());
    const names = buckets.map(({ Name = '' }) => Name).filter((name) => !name.startsWith('cdk-'));
    return [...cloud.stacks(), ...names, ...queues, ...clusters, ...groups].filter((name) => name !== 'CDKToolkit');
  };

  test('ends before it creates anything in an account that is not bootstrapped', async () => {
    const refused = integ('quickstart', '--yes');
    expect([await refused.ended, refused.output]).toEqual([
      1,
      expect.stringContaining(
        '000000000000/us-east-1 is not bootstrapped: run `npx cdk bootstrap aws://000000000000/us-east-1`',
      ),
    ]);
  }, 120_000);

  test('says what it creates and costs, and creates nothing without a confirmation', async () => {
    const bootstrap = run(
      [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), 'bootstrap', 'aws://000000000000/us-east-1'],
      {
        AWS_ENDPOINT_URL: cloud.endpoint,
      },
    );
    expect([await bootstrap.ended, bootstrap.output]).toEqual([0, expect.stringContaining('bootstrapped')]);
    const asked = integ('quickstart', '--run-id', 'asked');
    expect([await asked.ended, asked.output]).toEqual([1, expect.stringContaining('confirm with --yes')]);
    expect(asked.output).toMatch(
      /creates {3}1 stack \(Quickstart\) with \d+ resources, each tagged fileworks-integ=asked/,
    );
    expect(asked.output).toMatch(/costs {5}at most \$0\.\d\d for 1 h/);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  test('deploys, runs the end-to-end tests, and removes all of it', async () => {
    const passed = integ('quickstart', '--yes', '--run-id', 'passed');
    expect([await passed.ended, passed.output]).toEqual([0, expect.stringMatching(/Tests: +4 skipped, 5 passed/)]);
    expect(passed.output).toContain('skipped in an account: another worker processes the files of a killed one: ECS');
    expect(await leftovers()).toEqual([]);
  }, 300_000);

  test('removes all of it when it is interrupted', async () => {
    const interrupted = integ('quickstart', '--yes', '--run-id', 'interrupted');
    await until('the first resource', 60, () => interrupted.output.includes('CREATE_COMPLETE') || undefined);
    interrupted.child.kill('SIGTERM');
    expect([await interrupted.ended, interrupted.output]).toEqual([
      130,
      expect.stringContaining('removing Quickstart'),
    ]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  test('--cleanup removes what a killed run has left, and the stack is in the way of the next run until then', async () => {
    const killed = integ('quickstart', '--yes', '--run-id', 'killed');
    await until('the stack', 60, () => cloud.stacks().includes('Quickstart') || undefined);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const s3 = new S3Client(cloud.clientConfig());
    const Bucket = cloud.outputs('Quickstart').ResultsBucket;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'one' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'two' }));
    s3.destroy();

    const next = integ('quickstart', '--yes');
    expect([await next.ended, next.output]).toEqual([1, expect.stringContaining('npm run integ -- --cleanup killed')]);
    const other = integ('--cleanup', 'passed');
    expect([await other.ended, cloud.stacks()]).toEqual([0, expect.arrayContaining(['Quickstart'])]);
    const cleanup = integ('--cleanup', 'killed');
    expect([await cleanup.ended, cleanup.output]).toEqual([0, expect.stringContaining('removed the stack Quickstart')]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);

  test('stops the builds of a project, whose network interfaces would be in the way', async () => {
    const iam = new IAMClient(cloud.clientConfig());
    const statement = (rest: object) =>
      JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rest }] });
    const { Role: { Arn: serviceRole } = {} } = await iam.send(
      new CreateRoleCommand({
        RoleName: 'builds',
        AssumeRolePolicyDocument: statement({
          Principal: { Service: 'codebuild.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
      }),
    );
    const logs = statement({ Action: 'logs:*', Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName: 'builds', PolicyName: 'logs', PolicyDocument: logs }));
    const codeBuild = new CodeBuildClient(cloud.clientConfig());
    const commands = { build: { commands: ['sleep 600'] } };
    await codeBuild.send(
      new CreateProjectCommand({
        name: 'sleeping',
        serviceRole,
        source: { type: 'NO_SOURCE', buildspec: JSON.stringify({ version: '0.2', phases: commands }) },
        artifacts: { type: 'NO_ARTIFACTS' },
        environment: {
          type: 'LINUX_CONTAINER',
          image: 'aws/codebuild/standard:7.0',
          computeType: 'BUILD_GENERAL1_SMALL',
        },
      }),
    );
    const { build: { id = '' } = {} } = await codeBuild.send(new StartBuildCommand({ projectName: 'sleeping' }));
    const look = async () => (await codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }))).builds?.[0];
    await until('the command', 60, async () => (await look())?.currentPhase === 'BUILD' || undefined);
    const program = `import { stopBuilds } from ${JSON.stringify(join(root, 'build-tools', 'integ', 'resources.ts'))};
await stopBuilds('us-east-1', 'sleeping');
await stopBuilds('us-east-1', 'absent');`;
    const stopping = run(['--input-type=module', '--eval', program], { AWS_ENDPOINT_URL: cloud.endpoint });
    expect([await stopping.ended, stopping.output]).toEqual([0, '']);
    const ended = await until('the end', 60, async () => {
      const build = await look();
      return build?.buildComplete === true ? build : undefined;
    });
    expect(ended.buildStatus).toBe('STOPPED');
    [iam, codeBuild].forEach((client: { destroy(): void }) => client.destroy());
  }, 120_000);
});
