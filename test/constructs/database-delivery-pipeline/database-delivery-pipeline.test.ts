import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  DatabaseDeliveryPipeline,
  type DatabaseDeliveryPipelineProps,
  DatabaseLogin,
  DeliverySource,
} from '../../../src';
import { createTestApp, synth, type TestApp } from '../../support/cdk-stacks';

let app: TestApp;
beforeEach(() => {
  app = createTestApp();
});

const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:owner-AbCdEf';
const create = (props: Partial<DatabaseDeliveryPipelineProps> = {}) =>
  new DatabaseDeliveryPipeline(app.stack, 'Delivery', {
    vpc: app.vpc,
    source: DeliverySource.gitHub('acme', 'shop'),
    database: DatabaseLogin.secret(Secret.fromSecretCompleteArn(app.stack, 'Secret', secretArn)),
    migrateCommands: ['npm run migrate'],
    ...props,
  });
const everything = {
  historyTable: 'pgmigrations',
  rollbackCommands: ['npm run rollback'],
  transformCommands: ['dbt build'],
  deployCommands: ['npx cdk deploy'],
  transformSchedule: ScheduleExpression.rate(Duration.hours(1)),
  githubRepository: 'acme/shop',
};
interface Spec {
  readonly env: Record<string, unknown>;
  readonly phases: Record<string, { readonly commands: string[] }>;
}
const specOf = (project: string): Spec => {
  const projects = synth(app).findResources('AWS::CodeBuild::Project') as Record<
    string,
    { Properties: { Source: { BuildSpec: string } } }
  >;
  const [, found] = Object.entries(projects).find(([id]) => id.startsWith(`Delivery${project}`))!;
  return JSON.parse(found.Properties.Source.BuildSpec) as Spec;
};
/** Actions of a role's policies by the beginning of its logical id. */
const actionsOf = (role: string) =>
  Object.values(synth(app).findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) =>
      (Properties as { Roles: { Ref: string }[] }).Roles.some(({ Ref }) => Ref.startsWith(role)),
    )
    .flatMap(
      ({ Properties }) =>
        (Properties as { PolicyDocument: { Statement: { Action: string | string[] }[] } }).PolicyDocument.Statement,
    )
    .flatMap(({ Action }) => Action)
    .sort();

test('builds in the private subnets, one at a time, and keeps no password', () => {
  create();
  synth(app).hasResourceProperties('AWS::CodeBuild::Project', {
    ConcurrentBuildLimit: 1,
    TimeoutInMinutes: 60,
    Artifacts: { Type: 'NO_ARTIFACTS' },
    VpcConfig: { SecurityGroupIds: [Match.anyValue()], Subnets: Match.anyValue(), VpcId: Match.anyValue() },
    Environment: { EnvironmentVariables: Match.absent(), PrivilegedMode: false },
  });
  expect(specOf('Migration').env['secrets-manager']).toEqual({
    PGHOST: `${secretArn}:host`,
    PGPORT: `${secretArn}:port`,
    PGDATABASE: `${secretArn}:dbname`,
    PGUSER: `${secretArn}:username`,
    PGPASSWORD: `${secretArn}:password`,
  });
  expect(specOf('Migration').env.variables).toMatchObject({ PGSSLMODE: 'verify-full' });
});

test.each([
  { nodejs: '22', python: '3.12' },
  { python: '3.12', nodejs: '22' },
])('gives the same build spec in whatever order languages come: %j', (runtimeVersions) => {
  create({ runtimeVersions });
  expect(JSON.stringify(specOf('Migration').phases.install)).toContain('{"nodejs":"22","python":"3.12"}');
});

test('may write its log, stand in the network and read the secret, and nothing else', () => {
  create();
  const network = ['Interface', 'InterfacePermission'].map((what) => `ec2:CreateNetwork${what}`);
  expect(actionsOf('DeliveryMigrationRole')).toEqual([
    ...network,
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
});

test('logs in by a token of IAM where there is no secret', () => {
  create({ database: DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'owner', resourceId: 'db-1' }) });
  const { env, phases } = specOf('Migration');
  expect(env).toMatchObject({ variables: { PGHOST: 'db', PGPORT: '5432', PGDATABASE: 'files', PGUSER: 'owner' } });
  expect(env['secrets-manager']).toBeUndefined();
  expect(phases.build.commands[0]).toContain('aws rds generate-db-auth-token');
  expect(actionsOf('DeliveryMigrationRole')).toContain('rds-db:connect');
});

test.each([
  ['eu-west-1', 'https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem'],
  ['cn-northwest-1', 'https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem'],
  ['us-gov-east-1', 'https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem'],
])('trusts the certificate authorities of the partition of %s', (region, url) => {
  create();
  const [command] = specOf('Migration').phases.install.commands;
  const printUrl = 'curl() { echo "${!#}"; }; mkdir() { :; }';
  const options = { encoding: 'utf8', env: { AWS_REGION: region } } as const;
  expect(execFileSync('bash', ['-euc', `${printUrl}\n${command}`], options)).toBe(`${url}\n`);
});

test('a build without a token of IAM has failed, before it migrates', () => {
  create({ database: DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'owner', resourceId: 'db-1' }) });
  const [login] = specOf('Migration').phases.build.commands;
  const denied = 'aws() { return 254; }; PGHOST=h PGPORT=1 PGUSER=u';
  expect(spawnSync('bash', ['-c', `${denied}\n${login}`]).status).toBe(254);
});

test('reads a folder of the app, that object and no other', () => {
  create({ source: DeliverySource.folder(join(__dirname, '..', '..', '..', 'examples', 'worker', 'json-loader')) });
  expect(actionsOf('DeliveryMigrationRole').filter((action) => action.startsWith('s3:'))).toEqual([
    's3:GetObject',
    's3:GetObjectVersion',
  ]);
  expect(JSON.stringify(synth(app).findResources('AWS::IAM::Policy'))).toMatch(/[0-9a-f]{64}\.zip/);
});

test('deploys as the roles of the bootstrap, without the database', () => {
  create({ deployCommands: ['npx cdk deploy'], deployQualifier: 'acme' });
  expect(actionsOf('DeliveryDeploymentRole')).toContain('sts:AssumeRole');
  expect(actionsOf('DeliveryDeploymentRole')).not.toContain('secretsmanager:GetSecretValue');
  expect(specOf('Deployment').env).toEqual({ shell: 'bash' });
  expect(JSON.stringify(synth(app).findResources('AWS::IAM::Policy'))).toContain('role/cdk-acme-deploy-role-');
});

test('lets workflows of the branches start builds and look how they go, and nothing else', () => {
  create({ ...everything, githubBranches: ['main', 'release/1'] });
  synth(app).hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [
        Match.objectLike({
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
              'token.actions.githubusercontent.com:sub': [
                'repo:acme/shop:ref:refs/heads/main',
                'repo:acme/shop:ref:refs/heads/release/1',
              ],
            },
          },
        }),
      ],
    },
  });
  expect(actionsOf('DeliveryGitHubRole')).toEqual(['codebuild:BatchGetBuilds', 'codebuild:StartBuild']);
  const [policy] = Object.values(synth(app).findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
    JSON.stringify(Properties).includes('BatchGetBuilds'),
  );
  const { Properties } = policy as { Properties: { PolicyDocument: { Statement: { Resource: unknown[] }[] } } };
  expect(Properties.PolicyDocument.Statement[0].Resource).toHaveLength(3);
});

test('writes the workflow, and leaves it alone when nothing has changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-workflow-'));
  const file = join(folder, '.github', 'workflows', 'database.yml');
  const delivery = create(everything);
  delivery.writeGitHubWorkflow(file);
  expect(readFileSync(file, 'utf8')).toMatchSnapshot();
  utimesSync(file, 1, 1);
  delivery.writeGitHubWorkflow(file);
  expect(statSync(file).mtimeMs).toBe(1_000);
  rmSync(folder, { recursive: true });
});

test('starts transformations by the clock and migrations by events, and keeps starts that could not be made', () => {
  const delivery = create({ ...everything, migrateOn: { source: ['acme.release'] } });
  const template = synth(app);
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 hour)',
    Target: { DeadLetterConfig: Match.anyValue() },
  });
  const targets = [Match.objectLike({ DeadLetterConfig: Match.anyValue() })];
  template.hasResourceProperties('AWS::Events::Rule', { EventPattern: { source: ['acme.release'] }, Targets: targets });
  expect([delivery.deadLetterQueue, delivery.deadLetterAlarm].every((part) => part !== undefined)).toBe(true);
});

test('has an alarm of transformations that do not run', () => {
  const { missedAlarm } = create(everything);
  expect(missedAlarm).toBeDefined();
  synth(app).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'Builds',
    Dimensions: [{ Name: 'ProjectName', Value: { Ref: Match.stringLikeRegexp('^DeliveryTransformation') } }],
    Period: 3_600,
    EvaluationPeriods: 2,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
  });
});

test('has none where that is not wanted', () => {
  expect(create({ ...everything, alarmMissedFor: Duration.hours(0) }).missedAlarm).toBeUndefined();
});

test('has an alarm for each project whose build fails', () => {
  expect(create(everything).failureAlarms).toHaveLength(3);
  synth(app).resourcePropertiesCountIs(
    'AWS::CloudWatch::Alarm',
    { Namespace: 'AWS/CodeBuild', MetricName: 'FailedBuilds', Threshold: 1 },
    3,
  );
});

test('lets a database allow its builds', () => {
  const database = new ec2.SecurityGroup(app.stack, 'Database', { vpc: app.vpc });
  database.connections.allowFrom(create(), ec2.Port.tcp(5_432));
  synth(app).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 5_432 });
});

test.each<[string, Partial<DatabaseDeliveryPipelineProps>, string]>([
  [
    'a rollback without a history',
    { rollbackCommands: ['x'] },
    'rollbackCommands can only be set together with historyTable',
  ],
  ['a copy without a history', { validateOnCopy: true }, 'validateOnCopy can only be set together with historyTable'],
  [
    'a schedule of nothing',
    { transformSchedule: ScheduleExpression.rate(Duration.hours(1)) },
    'transformSchedule can only be set together with transformCommands',
  ],
  [
    'missed runs of no schedule',
    { alarmMissedFor: Duration.hours(2) },
    'alarmMissedFor can only be set together with transformSchedule',
  ],
  [
    'branches of nothing',
    { githubBranches: ['main'] },
    'githubBranches can only be set together with githubRepository',
  ],
  [
    'a branch with a wildcard',
    { githubRepository: 'a/b', githubBranches: ['*'] },
    'githubBranches must be names of branches without wildcards, got: *',
  ],
  ['no branch', { githubRepository: 'a/b', githubBranches: [] }, 'githubBranches must contain at least one branch'],
  ['a repository without an owner', { githubRepository: 'shop' }, 'githubRepository must be `owner/name`, got: shop'],
  ['no command', { migrateCommands: [] }, 'migrateCommands must contain at least one command'],
  [
    'a command that ends its script',
    { smokeCommands: ['x\nEND_OF_FILEWORKS_STEP\ny'] },
    'smokeCommands cannot contain a line END_OF_FILEWORKS_STEP',
  ],
  ['a history that is SQL', { historyTable: `x'; DROP TABLE y` }, 'historyTable must be `table` or `schema.table`'],
  ['a folder with a quote', { workingDirectory: `a'b` }, 'workingDirectory must be a folder of the source'],
  [
    'a timeout that CodeBuild has not',
    { timeout: Duration.minutes(4) },
    'timeout must be a whole number of seconds from 300 to 28800, got: 240',
  ],
  ['a client that there is not', { clientVersion: 9 }, 'clientVersion must be a whole number from 13 to 18, got: 9'],
])('throws for %s', (_, props, message) => {
  expect(() => create(props)).toThrow(message);
});

test('throws for the workflow of nobody', () => {
  expect(() => create().renderGitHubWorkflow()).toThrow('githubRepository is needed for a workflow');
});
