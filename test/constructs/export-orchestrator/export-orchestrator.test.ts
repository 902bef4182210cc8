import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { EventBus } from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import {
  ExportOrchestrator,
  type ExportOrchestratorProps,
  PostProcessing,
  QueueScaling,
  SpotStrategy,
  WorkerHealthCheck,
  PipelineAlarms,
} from '../../../src';
import { createTestApp, image, synth, type TestApp } from '../../support/cdk-stacks';

let app: TestApp;

beforeEach(() => {
  app = createTestApp();
});

const create = (props: Partial<ExportOrchestratorProps> = {}) =>
  new ExportOrchestrator(app.stack, 'Exports', { cluster: app.cluster, image, ...props });

type Json = Record<string, unknown>;

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** The one container of a service's task definition, by the construct id of the service. */
function container(service: string): Json & { readonly Environment: readonly { Name: string; Value: unknown }[] } {
  const [task] = Object.entries(synth(app).findResources('AWS::ECS::TaskDefinition')).filter(([id]) =>
    id.startsWith(`Exports${service}`),
  );
  return (task[1] as { Properties: { ContainerDefinitions: [ReturnType<typeof container>] } }).Properties
    .ContainerDefinitions[0];
}
const environment = (service: string): Json =>
  Object.fromEntries(container(service).Environment.map(({ Name, Value }) => [Name, Value]));

/** Statements of the policies of a service's task role. */
const statements = (service: string): Statement[] =>
  Object.entries(synth(app).findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(`Exports${service}TaskDefinitionTaskRole`))
    .flatMap(
      ([, { Properties }]) => (Properties as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument.Statement,
    );
const actions = (service: string) => [...new Set(statements(service).flatMap(({ Action }) => Action))].sort();

const queueIds = () => Object.entries(synth(app).findResources('AWS::SQS::Queue')) as [string, { Properties: Json }][];

describe('as it comes', () => {
  test('has an orchestrator on demand that always runs twice, and a downloader on Spot that runs when there is work', () => {
    create();
    const template = synth(app);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '512', Memory: '1024' });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '2048', Memory: '4096' });
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [Match.objectLike({ CapacityProvider: 'FARGATE' })],
    });
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [Match.objectLike({ CapacityProvider: 'FARGATE_SPOT' })],
    });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 4 });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 0, MaxCapacity: 20 });
  });

  test('adds downloader tasks by the depth of the download queue and by CPU, which takes none away', () => {
    create();
    const template = synth(app);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 4, CustomizedMetricSpecification: Match.anyValue() },
    });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 70,
        DisableScaleIn: true,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    });
    Annotations.fromStack(app.stack).hasWarning('*', Match.stringLikeRegexp('Container Insights'));
  });

  test('keeps messages for 14 days, with a dead-letter queue and an alarm for each queue', () => {
    create();
    const queues = queueIds();
    expect(queues).toHaveLength(4);
    expect(new Set(queues.map(([, { Properties }]) => Properties.MessageRetentionPeriod))).toEqual(
      new Set([1_209_600]),
    );
    expect(queues.filter(([, { Properties }]) => Properties.RedrivePolicy !== undefined)).toHaveLength(2);
    synth(app).resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { AlarmDescription: Match.stringLikeRegexp('dead-letter queue') },
      2,
    );
  });

  test('tells one image what it is and where everything is', () => {
    create({
      environment: { SETTING: 'value' },
      apiUrl: 'https://api.example.com/',
      apiRequestsPerSecond: 2.5,
      apiSecret: Secret.fromSecretNameV2(app.stack, 'Secret', 'api'),
      outputPrefix: 'exports/',
    });
    const common = {
      SETTING: 'value',
      FILEWORKS_EXPORT_NAME: 'Pipeline/Exports',
      FILEWORKS_EXPORT_API_URL: 'https://api.example.com/',
      FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND: '2.5',
      FILEWORKS_EXPORT_API_SECRET: expect.anything() as unknown,
      FILEWORKS_EXPORT_JOB_TABLE: { Ref: expect.stringContaining('JobTable') as unknown },
      FILEWORKS_EXPORT_EVENT_BUS: 'default',
      FILEWORKS_HEALTH_PORT: '8080',
    };
    const orchestrator = environment('Orchestrator');
    expect(orchestrator).toMatchObject({ ...common, SERVICE_MODE: 'orchestrator', FILEWORKS_CONCURRENCY: '10' });
    expect(JSON.stringify(orchestrator.FILEWORKS_DOWNLOAD_QUEUES)).toMatch(
      /exportQueueUrl.*OrchestratorQueues.*downloadQueueUrl.*WorkerQueues/,
    );
    expect(environment('Worker')).toMatchObject({
      ...common,
      SERVICE_MODE: 'worker',
      FILEWORKS_CONCURRENCY: '4',
      FILEWORKS_METADATA_TABLE: { Ref: expect.stringContaining('MetadataTable') as unknown },
      FILEWORKS_OUTPUT_BUCKET: { Ref: expect.stringContaining('OutputBucket') as unknown },
      FILEWORKS_OUTPUT_PREFIX: 'exports/',
    });
    expect(container('Worker').Image).toEqual(container('Orchestrator').Image);
  });

  test('has tables that can be restored and a private bucket, all of which outlive it', () => {
    create();
    const template = synth(app);
    template.hasResource('AWS::DynamoDB::Table', {
      Properties: {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
      DeletionPolicy: 'Retain',
    });
    template.hasResource('AWS::DynamoDB::Table', {
      Properties: { KeySchema: [{ AttributeName: 'name', KeyType: 'HASH' }] },
      DeletionPolicy: 'Retain',
    });
    template.hasResource('AWS::S3::Bucket', {
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: {
          Rules: [Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } })],
        },
      },
      DeletionPolicy: 'Retain',
    });
  });

  test('may do what its services do, and no more', () => {
    create({ apiSecret: new Secret(app.stack, 'Secret') });
    expect(actions('Orchestrator')).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'ecs:UpdateTaskProtection',
      'events:PutEvents',
      'secretsmanager:GetSecretValue',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
    expect(actions('Worker')).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'ecs:UpdateTaskProtection',
      'events:PutEvents',
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:PutObject',
      'secretsmanager:GetSecretValue',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
  });

  test('is in ALARM for each service when a dependency such as the API has been unavailable', () => {
    const exporter = create();
    for (const { dependencyUnavailableAlarm: alarm } of [exporter.orchestrator, exporter.downloader]) {
      expect(alarm.node.path).toMatch(/\/DependencyUnavailableAlarm$/);
    }
  });

  test('lets both services download from further origins', () => {
    create({ downloadOrigins: ['https://a.example.com', 'https://b.example.com:8443'] });
    for (const service of ['Orchestrator', 'Worker']) {
      expect(environment(service)).toMatchObject({
        FILEWORKS_EXPORT_DOWNLOAD_ORIGINS: 'https://a.example.com https://b.example.com:8443',
      });
    }
  });

  test('asks both services whether they hang', () => {
    create();
    for (const service of ['Orchestrator', 'Worker']) {
      expect(JSON.stringify(container(service).HealthCheck)).toContain('8080/livez');
    }
  });
});

describe('what a user changes', () => {
  test('of a service wins over its role, and over both', () => {
    PipelineAlarms.of(app.stack).notify(new SnsAction(new Topic(app.stack, 'Topic')));
    create({
      environment: { SETTING: 'both', OTHER: 'both' },
      orchestrator: {
        cpu: 1_024,
        memoryLimitMiB: 2_048,
        minTasks: 0,
        concurrency: 3,
        environment: { SETTING: 'own' },
        capacity: SpotStrategy.spotOnly(),
        healthCheck: WorkerHealthCheck.none(),
        maxReceiveCount: 9,
        retentionPeriod: Duration.days(2),
      },
    });
    const template = synth(app);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '2048' });
    expect(environment('Orchestrator')).toMatchObject({
      SETTING: 'own',
      OTHER: 'both',
      FILEWORKS_CONCURRENCY: '3',
      FILEWORKS_MAX_RECEIVE_COUNT: '9',
    });
    expect(environment('Worker')).toMatchObject({ SETTING: 'both' });
    expect(container('Orchestrator').HealthCheck).toBeUndefined();
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 172_800,
      RedrivePolicy: { maxReceiveCount: 9 },
    });
    // The scaling's alarms belong to Application Auto Scaling
    template.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }] },
      8,
    );
  });

  test('of the scaling to exact numbers leaves CPU out', () => {
    create({ downloader: { scaling: QueueScaling.exact() } });
    expect(JSON.stringify(synth(app).findResources('AWS::ApplicationAutoScaling::ScalingPolicy'))).not.toContain(
      'CPUUtilization',
    );
    expect(() => create({ downloader: { scaling: QueueScaling.exact() }, downloaderCpuTargetPercent: 50 })).toThrow();
  });

  test('gets queues by priority, and download queues that keep it', () => {
    const exporter = create({ priorityQueues: true });
    const submitter = new iam.Role(app.stack, 'Submitter', { assumedBy: new iam.AccountRootPrincipal() });
    exporter.grantSubmit(submitter);
    expect(queueIds()).toHaveLength(12);
    const text = JSON.stringify(environment('Orchestrator').FILEWORKS_DOWNLOAD_QUEUES);
    const order = [...text.matchAll(/Exports(Orchestrator|Worker)Queues(High|Low|Queue)/g)].map(
      ([, service, name]) => `${service} ${name}`,
    );
    expect(order).toEqual([
      'Orchestrator Queue',
      'Worker Queue',
      'Orchestrator High',
      'Worker High',
      'Orchestrator Low',
      'Worker Low',
    ]);
    for (const service of ['Orchestrator', 'Worker']) {
      const { FILEWORKS_ADDITIONAL_QUEUES: queues, ...others } = environment(service);
      expect(others).toMatchObject({ FILEWORKS_QUEUE_WEIGHT: '3', FILEWORKS_QUEUE_STRATEGY: 'weighted' });
      expect([...JSON.stringify(queues).matchAll(/weight\\":(\d+)/g)].map(([, weight]) => weight)).toEqual(['10', '1']);
    }
    const policy = JSON.stringify(
      Object.entries(synth(app).findResources('AWS::IAM::Policy')).find(([id]) => id.startsWith('Submitter')),
    );
    for (const name of ['Queue', 'HighQueue', 'LowQueue']) {
      expect(policy).toContain(`ExportsOrchestratorQueues${name}`);
    }
    expect(exporter.highPriorityExportQueue).toBe(exporter.orchestrator.additionalQueues.High.queue);
    expect(exporter.lowPriorityExportQueue).toBe(exporter.orchestrator.additionalQueues.Low.queue);
  });

  test('is taken: tables, bucket, bus, queues, a key', () => {
    const key = new kms.Key(app.stack, 'Key');
    const { shared } = app;
    const table = (id: string) =>
      new dynamodb.Table(shared, id, { partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING } });
    const deadLetterQueue = new sqs.Queue(shared, 'Dead');
    const exporter = create({
      jobTable: table('Jobs'),
      metadataTable: table('Metadata'),
      outputBucket: new s3.Bucket(shared, 'Results'),
      eventBus: new EventBus(shared, 'Bus'),
      encryptionKey: key,
      orchestrator: {
        queue: new sqs.Queue(shared, 'Waiting', { deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 7 } }),
      },
    });
    const template = synth(app);
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(queueIds()).toHaveLength(2);
    template.hasResourceProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
    expect(actions('Worker')).toEqual(
      expect.arrayContaining(['dynamodb:Query', 'dynamodb:BatchGetItem', 'kms:Decrypt', 'kms:GenerateDataKey']),
    );
    expect(environment('Orchestrator').FILEWORKS_MAX_RECEIVE_COUNT).toBe('7');
    expect(exporter.exportQueue.queueArn).toBe(exporter.orchestrator.queue.queueArn);
  });

  test('encrypts what is created with the key', () => {
    create({ encryptionKey: new kms.Key(app.stack, 'Key') });
    const template = synth(app);
    template.resourcePropertiesCountIs(
      'AWS::DynamoDB::Table',
      { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } },
      2,
    );
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
      },
    });
    template.resourcePropertiesCountIs('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() }, 4);
  });

  test('traces both services', () => {
    create({ tracing: true });
    expect(
      JSON.stringify(synth(app).findResources('AWS::ECS::TaskDefinition')).match(/aws-otel-collector:/g),
    ).toHaveLength(2);
    expect(actions('Worker')).toContain('xray:PutTraceSegments');
  });

  test('may be a task definition, whose container is told the same', () => {
    const taskDefinition = new ecs.FargateTaskDefinition(app.stack, 'Own');
    taskDefinition.addContainer('Program', { image });
    create({ downloader: { taskDefinition } });
    expect(JSON.stringify(taskDefinition.defaultContainer?.environmentFiles ?? [])).toBe('[]');
    synth(app).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Name: 'Program',
          Environment: Match.arrayWith([{ Name: 'SERVICE_MODE', Value: 'worker' }]),
        }),
      ],
    });
  });
});

const functionArn = 'arn:aws:lambda:eu-west-1:111122223333:function:after';

describe('post-processing', () => {
  test.each<[string, (stack: Stack) => PostProcessing, string]>([
    [
      'a function',
      (stack) => PostProcessing.lambdaFunction(lambda.Function.fromFunctionArn(stack, 'After', functionArn)),
      functionArn,
    ],
    ['a queue', (stack) => PostProcessing.queue(new sqs.Queue(stack, 'After')), 'After'],
    [
      'a state machine',
      (stack) => PostProcessing.stateMachine(sfn.StateMachine.fromStateMachineName(stack, 'After', 'after')),
      'stateMachine:after',
    ],
  ])(
    'gives the events of its completed jobs to %s, and what cannot be delivered to a queue with an alarm',
    (_, target, arn) => {
      const exporter = create({ postProcessing: target(app.stack) });
      const template = synth(app);
      const [rule] = Object.values(template.findResources('AWS::Events::Rule')) as { Properties: Json }[];
      expect(rule.Properties.EventPattern).toEqual({
        source: ['fileworks.exports'],
        'detail-type': ['Export Job Completed'],
        detail: { service: ['Pipeline/Exports'] },
      });
      expect(JSON.stringify(rule.Properties.Targets)).toContain(arn);
      const RetryPolicy = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 };
      expect(rule.Properties.Targets).toMatchObject([{ DeadLetterConfig: expect.anything() as unknown, RetryPolicy }]);
      expect(exporter.deadLetterAlarm).toBeDefined();
    },
  );
});

test('lets readers list and get results below the prefix, and operators look at jobs', () => {
  const exporter = create({ outputPrefix: 'exports/' });
  const role = new iam.Role(app.stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });
  exporter.grantReadResults(role);
  exporter.grantOperate(role);
  Template.fromStack(app.stack).hasResourceProperties('AWS::IAM::Policy', {
    Roles: [{ Ref: Match.stringLikeRegexp('^Reader') }],
    PolicyDocument: {
      Statement: [
        Match.objectLike({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'exports/*' } } }),
        Match.objectLike({ Action: 's3:GetObject', Resource: { 'Fn::Join': ['', [Match.anyValue(), '/exports/*']] } }),
        Match.objectLike({ Action: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'] }),
      ],
    },
  });
});

test('refuses to send the secret of the API over HTTP', () => {
  const apiSecret = new Secret(app.stack, 'Secret');
  expect(() => create({ apiUrl: 'http://api.example.com', apiSecret })).toThrow(
    'apiUrl must start with https: because apiSecret is sent there, got: http://api.example.com [at Pipeline/Exports]',
  );
});

test('has the metrics of the runtime', () => {
  const exporter = create();
  const metrics = [
    exporter.metricMessagesProcessed(),
    exporter.metricTasksDispatched(),
    exporter.metricApiLatency(),
    exporter.metricDownloadDuration(),
    exporter.metricExtractionTime(),
    exporter.metricUploadSuccessRate(),
  ];
  expect(
    metrics.map(({ metricName, statistic, namespace, dimensions }) => ({
      metricName,
      statistic,
      namespace,
      dimensions,
    })),
  ).toEqual(
    [
      ['MessagesProcessed', 'Sum'],
      ['TasksDispatched', 'Sum'],
      ['ApiLatency', 'p95'],
      ['DownloadDuration', 'p95'],
      ['ExtractionTime', 'p95'],
      ['UploadSuccessRate', 'Average'],
    ].map(([metricName, statistic]) => ({
      metricName,
      statistic,
      namespace: 'Fileworks',
      dimensions: { ExportService: 'Pipeline/Exports' },
    })),
  );
});

describe('throws', () => {
  const at = ' [at Pipeline/Exports]';
  const queue = { queue: sqs.Queue.prototype };

  test.each<[string, Partial<ExportOrchestratorProps>]>([
    [
      `downloader.additionalQueues, downloader.queueWeight cannot be set together with the queues of an ExportOrchestrator; set priorityQueues${at}`,
      { downloader: { additionalQueues: {}, queueWeight: 1 } },
    ],
    [
      `orchestrator.fifo cannot be set together with the queues of an ExportOrchestrator; omit it: duplicates have no effect, and jobs are not ordered${at}`,
      { orchestrator: { fifo: true } },
    ],
    [
      `downloader.maxReceiveCount cannot be set together with downloader.queue; set them where the queue is created${at}`,
      { downloader: { ...queue, maxReceiveCount: 3 } },
    ],
    [`image is missing; set image for both services, or orchestrator.image${at}`, { image: undefined }],
    [
      `image is missing; set image for both services, or downloader.image${at}`,
      { image: undefined, orchestrator: { image } },
    ],
    [
      `environment cannot hold SERVICE_MODE, which the construct sets; set the corresponding prop${at}`,
      { environment: { SERVICE_MODE: 'worker' } },
    ],
    [
      `downloader cannot hold FILEWORKS_OUTPUT_BUCKET, which the construct sets; set the corresponding prop${at}`,
      { downloader: { environment: { FILEWORKS_OUTPUT_BUCKET: 'b' } } },
    ],
    [`apiUrl must be a URL, got: api.example.com${at}`, { apiUrl: 'api.example.com' }],
    [`apiRequestsPerSecond must be more than 0 and at most 10000, got: 0${at}`, { apiRequestsPerSecond: 0 }],
    [`apiRequestsPerSecond must be more than 0 and at most 10000, got: 10001${at}`, { apiRequestsPerSecond: 10_001 }],
    [`outputPrefix cannot start with a slash, because keys do not, got: /a${at}`, { outputPrefix: '/a' }],
    [`downloaderCpuTargetPercent must be a whole number from 1 to 100, got: 0${at}`, { downloaderCpuTargetPercent: 0 }],
    ...['https://files.example.com/a', 'http://files.example.com', 'files.example.com'].map(
      (origin): [string, Partial<ExportOrchestratorProps>] => [
        `downloadOrigins must hold origins such as https://files.example.com, without a path, got: ${origin}${at}`,
        { downloadOrigins: [origin] },
      ],
    ),
    [
      `downloadOrigins must have at most 50 origins, got: 51${at}`,
      { downloadOrigins: Array.from({ length: 51 }, (_, i) => `https://${i}.example.com`) },
    ],
    [
      'deadLetterRetention cannot be shorter than retentionPeriod, or a message can expire on its way, got: 13 days and 14 days; shorten retentionPeriod or ' +
        'lengthen deadLetterRetention, up to 14 days [at Pipeline/Exports/WorkerQueues]',
      { downloader: { deadLetterRetention: Duration.days(13) } },
    ],
    [
      `downloader.strictPriority cannot be set together with a single queue; set priorityQueues, or omit it${at}`,
      { downloader: { strictPriority: true } },
    ],
  ])('%s', (message, props) => {
    expect(() => create(props)).toThrow(new Error(message));
  });
});
