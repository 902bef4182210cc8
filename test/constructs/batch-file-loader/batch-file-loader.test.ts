import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  BatchFileLoader,
  type BatchFileLoaderProps,
  DatabaseLogin,
  Delivery,
  FileIngestBucket,
  LoadConflict,
  LoadMapping,
  type LoadMappingOptions,
  RowSchema,
  PipelineAlarms,
} from '../../../src';
import { createTestApp, createWorker, synth, type TestApp } from '../../support/cdk-stacks';

let app: TestApp;
let inbox: FileIngestBucket;
let secret: secretsmanager.Secret;

beforeEach(() => {
  app = createTestApp();
  inbox = new FileIngestBucket(app.stack, 'Inbox');
  secret = new secretsmanager.Secret(app.stack, 'Secret');
});

const mapping = (more: Partial<LoadMappingOptions> = {}) =>
  LoadMapping.json({
    table: 'orders',
    columns: [{ name: 'id' }, { name: 'customer', source: '/customer/name' }],
    ...more,
  });
const create = (props: Partial<BatchFileLoaderProps> = {}) =>
  new BatchFileLoader(app.stack, 'Loader', {
    vpc: app.vpc,
    database: DatabaseLogin.secret(secret),
    routes: { Orders: { source: inbox, prefix: 'orders/', suffix: '.json', mapping: mapping() } },
    ...props,
  });
const ownFunction = () =>
  new lambda.Function(app.stack, 'Own', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = 1'),
    timeout: Duration.minutes(1),
    vpc: app.vpc,
  });
/** Actions of the statements of a role's policies, by their resource. */
const statements = () =>
  Object.values(
    synth(app).findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('LoaderFunctionRole') },
    }),
  ).flatMap(
    ({ Properties }) =>
      (Properties as { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } })
        .PolicyDocument.Statement,
  );
const actions = () =>
  statements()
    .flatMap(({ Action }) => Action)
    .sort();

test('takes a hundred files at a time, over at most ten connections, and answers for each file', () => {
  create();
  const template = synth(app);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 55,
    ScalingConfig: { MaximumConcurrency: 10 },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  template.hasResourceProperties('AWS::Lambda::Function', {
    ReservedConcurrentExecutions: Match.absent(),
    Timeout: 120,
    MemorySize: 1_024,
    VpcConfig: { SubnetIds: Match.anyValue(), SecurityGroupIds: Match.anyValue() },
    Environment: {
      Variables: {
        FILEWORKS_LOADER_NAME: 'Pipeline/Loader',
        FILEWORKS_MAX_FILE_BYTES: '8388608',
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
    },
  });
});

test('reserves concurrency of the account only if asked to: a new account has none to reserve', () => {
  create({ reserveConcurrency: true, maxConnections: 7 });
  const template = synth(app);
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 7 } });
  template.hasResourceProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: 7 });
});

test('hides messages for six times the timeout and the batching window, and gives up on them after three receives', () => {
  create({ timeout: Duration.seconds(40), batchingWindow: Duration.seconds(10) });
  synth(app).hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 250,
    MessageRetentionPeriod: 345_600,
    RedrivePolicy: { maxReceiveCount: 3 },
  });
});

test('puts the routes beside the code, each loader its own', () => {
  create({
    routes: {
      Orders: {
        source: inbox,
        prefix: 'orders/',
        suffix: '.json',
        mapping: mapping({
          conflict: LoadConflict.update(['id'], { ifGreater: 'customer' }),
          schema: RowSchema.fromJson('{"type":"object"}'),
        }),
      },
    },
  });
  new BatchFileLoader(app.stack, 'Other', {
    vpc: app.vpc,
    database: DatabaseLogin.secret(secret),
    routes: {
      Lines: {
        source: inbox,
        suffix: '.csv',
        mapping: LoadMapping.csv({ table: 'a.b', columns: [{ name: 'id' }], delimiter: ';' }),
      },
    },
  });
  const assembly = app.app.synth();
  const functions = Object.values(Template.fromStack(app.stack).findResources('AWS::Lambda::Function')) as {
    Properties: { Code: { S3Key: string } };
  }[];
  const routes = functions.map(
    ({ Properties }) =>
      JSON.parse(
        readFileSync(
          join(assembly.directory, `asset.${Properties.Code.S3Key.replace('.zip', '')}`, 'routes.json'),
          'utf8',
        ),
      ) as unknown,
  );
  expect(routes).toEqual([
    [
      {
        prefix: 'orders/',
        suffix: '.json',
        format: 'json',
        table: 'orders',
        columns: [{ name: 'id' }, { name: 'customer', source: '/customer/name' }],
        conflict: { rule: 'update', key: ['id'], ifGreater: 'customer' },
        schema: { type: 'object' },
      },
    ],
    [{ suffix: '.csv', format: 'csv', table: 'a.b', columns: [{ name: 'id' }], delimiter: ';' }],
  ]);
});

test('may read the files of its routes, consume its queue, send what it cannot load, read the secret, write its log, and be in its network', () => {
  create();
  expect(actions()).toEqual([
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    's3:GetObject',
    's3:GetObjectVersion',
    'secretsmanager:GetSecretValue',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sqs:SendMessage',
    'sqs:SendMessage',
  ]);
  expect(JSON.stringify(statements().find(({ Action }) => Action.includes('s3:GetObject'))?.Resource)).toContain(
    '/orders/*',
  );
});

test.each<[string, () => secretsmanager.ISecret]>([
  ['by its name', () => secretsmanager.Secret.fromSecretNameV2(app.stack, 'Named', 'database')],
  [
    'by an ARN without the random end',
    () => {
      const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:database';
      return secretsmanager.Secret.fromSecretPartialArn(app.stack, 'Partial', arn);
    },
  ],
])('may read a secret that is imported %s, whose ARN ends with six random characters', (_, imported) => {
  create({ database: DatabaseLogin.secret(imported()) });
  const read = statements().find(({ Action }) => [Action].flat().includes('secretsmanager:GetSecretValue'));
  expect(JSON.stringify(app.stack.resolve(read?.Resource))).toMatch(/:secret:database-\?{6}"/);
});

test('logs in by IAM as one user of one database, without a secret', () => {
  create({
    database: DatabaseLogin.iam({ host: 'db.local', databaseName: 'files', user: 'loader', resourceId: 'prx-1' }),
  });
  expect(actions()).toContain('rds-db:connect');
  expect(actions()).not.toContain('secretsmanager:GetSecretValue');
  expect(JSON.stringify(statements().find(({ Action }) => Action === 'rds-db:connect')?.Resource)).toContain(
    ':dbuser:prx-1/loader',
  );
  synth(app).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { FILEWORKS_DATABASE: '{"host":"db.local","database":"files","user":"loader"}' } },
  });
});

test('takes the files of its routes by a rule', () => {
  const loader = create();
  synth(app).hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { detail: { object: { key: [{ wildcard: 'orders/*.json' }], size: [{ 'anything-but': [0] }] } } },
  });
  expect(Object.keys(loader.routes)).toEqual(['Orders']);
});

test('takes the files of its routes straight from S3', () => {
  create({ delivery: Delivery.s3Notifications() });
  const template = synth(app);
  template.resourceCountIs('AWS::Events::Rule', 0);
  template.hasResourceProperties('AWS::S3::Bucket', {
    NotificationConfiguration: {
      QueueConfigurations: [
        {
          Filter: {
            S3Key: {
              Rules: [
                { Name: 'prefix', Value: 'orders/' },
                { Name: 'suffix', Value: '.json' },
              ],
            },
          },
        },
      ],
    },
  });
});

test('sends files over the limit to the queue for them, and lets their worker share the ledger', () => {
  const worker = createWorker(app);
  const loader = create({ largeFileQueue: worker.queue, maxFileSize: Size.mebibytes(1) });
  loader.grantLoadLargeFiles(worker);
  synth(app).hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: {
        FILEWORKS_LARGE_FILE_QUEUE_URL: app.stack.resolve(worker.queue.queueUrl),
        FILEWORKS_MAX_FILE_BYTES: '1048576',
      },
    },
  });
  expect(Object.keys(loader.largeFileEnvironment)).toEqual(['FILEWORKS_LOADER_NAME', 'FILEWORKS_DATABASE']);
  synth(app).hasResourceProperties('AWS::IAM::Policy', {
    PolicyName: Match.stringLikeRegexp('WorkerTaskDefinitionTaskRole'),
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'secretsmanager:GetSecretValue' })]) },
  });
});

test('has alarms for rejected files, failed and throttled invocations, old files, and a queue that is not read', () => {
  const actionsOf = {
    bind: () => ({ alarmActionArn: 'arn:aws:sns:eu-central-1:111122223333:alerts' }),
  } satisfies cloudwatch.IAlarmAction;
  create({ alarmOldestMessageAge: Duration.minutes(10) });
  PipelineAlarms.of(app.stack).notify(actionsOf);
  const alarms = Object.values(
    synth(app).findResources('AWS::CloudWatch::Alarm', {
      Properties: { AlarmActions: ['arn:aws:sns:eu-central-1:111122223333:alerts'] },
    }),
  ) as { Properties: { MetricName?: string } }[];
  expect(alarms.map(({ Properties }) => Properties.MetricName ?? 'expression').sort()).toEqual([
    'ApproximateAgeOfOldestMessage',
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesVisible',
    'Errors',
    'Throttles',
    'expression',
    'expression',
  ]);
  synth(app).hasResourceProperties('AWS::CloudWatch::Alarm', {
    Metrics: Match.arrayWith([Match.objectLike({ Expression: 'IF(FILL(inFlight, 0) > 0, 0, visible)' })]),
    EvaluationPeriods: 10,
  });
});

test('counts by the loader', () => {
  const loader = create();
  const metrics = [
    loader.metricFilesLoaded(),
    loader.metricRowsLoaded(),
    loader.metricFilesRejected(),
    loader.metricFilesFailed(),
    loader.metricFilesRepeated(),
  ];
  expect(metrics.map((metric) => [metric.metricName, metric.dimensions])).toEqual(
    ['FilesLoaded', 'RowsLoaded', 'FilesRejected', 'FilesFailed', 'FilesRepeated'].map((name) => [
      name,
      { Loader: 'Pipeline/Loader' },
    ]),
  );
});

test('lets a database allow its connections', () => {
  const group = new ec2.SecurityGroup(app.stack, 'Database', { vpc: app.vpc });
  group.connections.allowFrom(create(), ec2.Port.tcp(5_432));
  synth(app).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    FromPort: 5_432,
    SourceSecurityGroupId: Match.anyValue(),
  });
});

describe('with what exists', () => {
  test('gives a function of the user the messages, the environment and the permissions', () => {
    const handlerFunction = ownFunction();
    const loader = create({ handlerFunction, vpc: undefined, routes: { All: { source: inbox } } });
    expect(loader.handlerFunction).toBe(handlerFunction);
    const template = synth(app);
    template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 415 });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'index.handler',
      Timeout: 60,
      Environment: { Variables: { FILEWORKS_LOADER_NAME: 'Pipeline/Loader' } },
    });
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  });

  test('takes a queue and its dead-letter queue', () => {
    const deadLetterQueue = new sqs.Queue(app.stack, 'Dead');
    const queue = new sqs.Queue(app.stack, 'Jobs', {
      visibilityTimeout: Duration.minutes(13),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 3 },
    });
    const loader = create({ queue, deadLetterQueue });
    expect([loader.queue, loader.deadLetterQueue]).toEqual([queue, deadLetterQueue]);
    expect(loader.deadLetterAlarm).toBeDefined();
    Template.fromStack(app.stack).resourceCountIs('AWS::SQS::Queue', 3); // these two and the bucket's
  });
});

test.each<[string, () => Partial<BatchFileLoaderProps>]>([
  ['vpc is missing', () => ({ vpc: undefined })],
  ['routes must contain at least one', () => ({ routes: {} })],
  ['mapping of route Orders is missing', () => ({ routes: { Orders: { source: inbox } } })],
  [
    'mapping of route Orders cannot be set together with handlerFunction',
    () => ({ vpc: undefined, handlerFunction: ownFunction() }),
  ],
  [
    'vpc, memorySize cannot be set together with handlerFunction',
    () => ({ handlerFunction: ownFunction(), memorySize: 512 }),
  ],
  [
    'routes A and B must not match the same key',
    () => ({
      routes: {
        A: { source: inbox, prefix: 'a/', mapping: mapping() },
        B: { source: inbox, prefix: 'a/b/', suffix: '.json', mapping: mapping() },
      },
    }),
  ],
  [
    'must be known at synth',
    () => ({ routes: { Orders: { source: inbox, prefix: Token.asString({ Ref: 'Prefix' }), mapping: mapping() } } }),
  ],
  [
    'table of route Orders must be',
    () => ({ routes: { Orders: { source: inbox, mapping: mapping({ table: 'a.b.c' }) } } }),
  ],
  [
    'with unique names, got: id, id',
    () => ({ routes: { Orders: { source: inbox, mapping: mapping({ columns: [{ name: 'id' }, { name: 'id' }] }) } } }),
  ],
  [
    'must name columns of the mapping, got: other',
    () => ({ routes: { Orders: { source: inbox, mapping: mapping({ conflict: LoadConflict.keep(['other']) }) } } }),
  ],
  [
    'must name columns of the mapping, got: none',
    () => ({ routes: { Orders: { source: inbox, mapping: mapping({ conflict: LoadConflict.keep([]) }) } } }),
  ],
  [
    'has nothing to update',
    () => ({
      routes: { Orders: { source: inbox, mapping: mapping({ conflict: LoadConflict.update(['id', 'customer']) }) } },
    }),
  ],
  ['maxConnections must be a whole number from 2 to 1000, got: 1', () => ({ maxConnections: 1 })],
  ['batchSize must be a whole number from 1 to 10000', () => ({ batchSize: 0 })],
  ['timeout must be a whole number of seconds from 30 to 900', () => ({ timeout: Duration.seconds(3) })],
  ['maxBatchSize must not be less than maxFileSize', () => ({ maxFileSize: Size.mebibytes(100) })],
  [
    'maxReceiveCount, encryptionKey cannot be set together with queue',
    () => ({
      queue: new sqs.Queue(app.stack, 'Jobs'),
      maxReceiveCount: 2,
      encryptionKey: new kms.Key(app.stack, 'Key'),
    }),
  ],
  ['queue must be a standard queue', () => ({ queue: new sqs.Queue(app.stack, 'Jobs', { fifo: true }) })],
  [
    'deadLetterQueue can be set only together with queue',
    () => ({ deadLetterQueue: new sqs.Queue(app.stack, 'Jobs') }),
  ],
])('throws: %s', (message, props) => {
  expect(() => create(props())).toThrow(message);
});

test('takes a JSON Schema from a file, and throws for what is none', () => {
  const schema = RowSchema.fromFile(join(__dirname, '..', '..', '..', 'package.json'));
  expect(JSON.stringify(mapping({ schema })._route.schema)).toContain('cdk-fileworks');
  expect(() => RowSchema.fromJson('{')).toThrow('is not JSON');
  expect(() => RowSchema.fromJson('[]')).toThrow('an object, got: []');
});
