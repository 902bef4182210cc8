import { App, CfnParameter, Duration, Lazy, PropertyInjectors, Stack, type IPropertyInjector } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  FileIngestBucket,
  IngestTarget,
  QueueScaledFargateWorker,
  SpotStrategy,
  type QueueScaledFargateWorkerProps,
  PipelineAlarms,
} from '../../../src';
import {
  createTestApp,
  createWorker,
  environmentOf,
  image,
  resourceCount,
  synth,
  type TestApp,
} from '../../support/cdk-stacks';

describe('QueueScaledFargateWorker with defaults', () => {
  const test = createTestApp();
  const worker = createWorker(test);
  const template = synth(test);

  it('adds 21 resources on a shared cluster, its four alarms among them', () => {
    expect(resourceCount(template)).toBe(21);
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.resourceCountIs('AWS::EC2::VPC', 0);
  });

  it('gives both queues encryption and refuses everything but SSL', () => {
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    template.resourceCountIs('AWS::SQS::QueuePolicy', 2);
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    });
  });

  it('moves a message to the dead-letter queue after five receives and keeps it for 14 days', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 300,
      MessageRetentionPeriod: 345_600,
      RedrivePolicy: { maxReceiveCount: 5 },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 1_209_600,
      RedrivePolicy: Match.absent(),
    });
  });

  it('rings an alarm as soon as the dead-letter queue holds a message', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
      Threshold: 1,
      EvaluationPeriods: 1,
      Period: 60,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
  });

  it('tells the worker its queue and limits in the environment', () => {
    expect(environmentOf(template)).toEqual({
      FILEWORKS_QUEUE_URL: { Ref: expect.stringMatching(/^WorkerQueue/) as string },
      FILEWORKS_DEAD_LETTER_QUEUE_URL: { Ref: expect.stringMatching(/^WorkerDeadLetterQueue/) as string },
      FILEWORKS_VISIBILITY_TIMEOUT_SECONDS: '300',
      FILEWORKS_MAX_RECEIVE_COUNT: '5',
      FILEWORKS_STOP_TIMEOUT_SECONDS: '120',
      FILEWORKS_CONCURRENCY: '1',
      FILEWORKS_SCALE_IN_PROTECTION: 'enabled',
    });
  });

  it('runs a container with a read-only root, a writable /tmp and 120 seconds to stop', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512',
      Memory: '1024',
      RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' },
      Volumes: [{ Name: 'scratch' }],
      ContainerDefinitions: [
        Match.objectLike({
          ReadonlyRootFilesystem: true,
          StopTimeout: 120,
          MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'scratch' }],
        }),
      ],
    });
  });

  it('keeps logs for a month', () => {
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('runs on Spot, rolls back a failing deployment and leaves the count to the scaling', () => {
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
      LaunchType: Match.absent(),
      DesiredCount: Match.absent(),
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        Alarms: { AlarmNames: [], Enable: false, Rollback: false },
      },
    });
  });

  it('scales from 0 to 10', () => {
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 0, MaxCapacity: 10 });
  });

  it('lets the task make the calls of a worker and no others', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:SendMessage'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerQueue'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerDeadLetterQueue'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: 'ecs:UpdateTaskProtection',
            Resource: { 'Fn::Join': ['', Match.arrayWith([':ecs:', ':task/', '/*'])] },
          },
        ],
      },
    });
  });

  it('warns of nothing', () => {
    expect(Annotations.fromStack(test.stack).findWarning('*', Match.anyValue())).toEqual([]);
  });

  it('offers its parts', () => {
    expect(worker.service.cluster).toBe(test.cluster);
    expect(worker.container.containerName).toBe('Worker');
    expect(worker.connections.securityGroups).toHaveLength(1);
    expect(worker.grantPrincipal).toBe(worker.taskDefinition.taskRole);
  });
});

describe('QueueScaledFargateWorker and its cluster', () => {
  it('associates Fargate capacity with a cluster of the same stack and is deleted before it', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'Vpc') });
    const test = { ...createTestApp(), stack, cluster };
    createWorker(test);

    const template = synth(test);

    template.hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', {
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    });
    const [association] = Object.keys(template.findResources('AWS::ECS::ClusterCapacityProviderAssociations'));
    template.hasResource('AWS::ECS::Service', { DependsOn: Match.arrayWith([association]) });
  });

  it('takes an imported cluster and protects tasks by its name', () => {
    const test = createTestApp();
    const vpc = ec2.Vpc.fromVpcAttributes(test.stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    });
    const cluster = ecs.Cluster.fromClusterAttributes(test.stack, 'Imported', {
      clusterName: 'shared',
      vpc,
      securityGroups: [],
    });
    new QueueScaledFargateWorker(test.stack, 'Worker', { cluster, image });

    const template = synth(test);

    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'ecs:UpdateTaskProtection',
            Resource: { 'Fn::Join': ['', Match.arrayWith([':task/shared/*'])] },
          }),
        ]),
      },
    });
  });
});

describe('QueueScaledFargateWorker with an existing queue', () => {
  it('creates no queue, watches the dead-letter queue it knows of, and leases for five minutes', () => {
    const test = createTestApp();
    const deadLetters = new sqs.Queue(test.shared, 'Dead');
    const queue = new sqs.Queue(test.shared, 'Jobs', { deadLetterQueue: { queue: deadLetters, maxReceiveCount: 7 } });
    const worker = createWorker(test, { queue });

    const template = synth(test);

    template.resourceCountIs('AWS::SQS::Queue', 0);
    expect(worker.deadLetterQueue).toBe(deadLetters);
    expect(environmentOf(template)).toMatchObject({
      FILEWORKS_MAX_RECEIVE_COUNT: '7',
      FILEWORKS_VISIBILITY_TIMEOUT_SECONDS: '300',
    });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 6);
  });

  it('works on an imported queue without a dead-letter queue', () => {
    const test = createTestApp();
    const queue = sqs.Queue.fromQueueArn(test.stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs');
    const worker = createWorker(test, { queue, visibilityTimeout: Duration.hours(1) });

    const environment = environmentOf(synth(test));

    expect(worker.deadLetterAlarm).toBeUndefined();
    expect(worker.metricDeadLetters()).toBeUndefined();
    expect(environment).toHaveProperty('FILEWORKS_VISIBILITY_TIMEOUT_SECONDS', '3600');
    expect(environment).not.toHaveProperty('FILEWORKS_DEAD_LETTER_QUEUE_URL');
    expect(environment).not.toHaveProperty('FILEWORKS_MAX_RECEIVE_COUNT');
  });

  it('watches the dead-letter queue that is named beside an imported queue', () => {
    const test = createTestApp();
    const queue = sqs.Queue.fromQueueArn(test.stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs');
    const deadLetterQueue = sqs.Queue.fromQueueArn(test.stack, 'Dead', 'arn:aws:sqs:eu-west-1:111122223333:dead');
    createWorker(test, { queue, deadLetterQueue });

    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', { Dimensions: [{ Name: 'QueueName', Value: 'dead' }] });
  });
});

describe('QueueScaledFargateWorker with options', () => {
  it.each<[string, Partial<QueueScaledFargateWorkerProps>, string, object]>([
    [
      'size',
      { cpu: 4096, memoryLimitMiB: 30_720, ephemeralStorageGiB: 200 },
      'AWS::ECS::TaskDefinition',
      { Cpu: '4096', Memory: '30720', EphemeralStorage: { SizeInGiB: 200 } },
    ],
    [
      'architecture',
      { cpuArchitecture: ecs.CpuArchitecture.ARM64 },
      'AWS::ECS::TaskDefinition',
      { RuntimePlatform: { CpuArchitecture: 'ARM64' } },
    ],
    [
      'command',
      { command: ['work'], entryPoint: ['node'] },
      'AWS::ECS::TaskDefinition',
      { ContainerDefinitions: [Match.objectLike({ Command: ['work'], EntryPoint: ['node'] })] },
    ],
    [
      'writable root',
      { readonlyRootFilesystem: false },
      'AWS::ECS::TaskDefinition',
      { Volumes: Match.absent(), ContainerDefinitions: [Match.objectLike({ ReadonlyRootFilesystem: false })] },
    ],
    [
      'an init process, which stops a program that has no signal handler yet',
      {},
      'AWS::ECS::TaskDefinition',
      { ContainerDefinitions: [Match.objectLike({ LinuxParameters: { InitProcessEnabled: true } })] },
    ],
    [
      'no init process',
      { initProcessEnabled: false },
      'AWS::ECS::TaskDefinition',
      { ContainerDefinitions: [Match.objectLike({ LinuxParameters: Match.absent() })] },
    ],
    [
      'stop timeout',
      { stopTimeout: Duration.seconds(2) },
      'AWS::ECS::TaskDefinition',
      { ContainerDefinitions: [Match.objectLike({ StopTimeout: 2 })] },
    ],
    [
      'queue',
      { visibilityTimeout: Duration.hours(12), retentionPeriod: Duration.days(1), maxReceiveCount: 1_000 },
      'AWS::SQS::Queue',
      { VisibilityTimeout: 43_200, MessageRetentionPeriod: 86_400, RedrivePolicy: { maxReceiveCount: 1_000 } },
    ],
    [
      'capacity',
      { capacity: SpotStrategy.spotAbove(2) },
      'AWS::ECS::Service',
      {
        CapacityProviderStrategy: [
          { CapacityProvider: 'FARGATE', Base: 2, Weight: 0 },
          { CapacityProvider: 'FARGATE_SPOT', Weight: 1 },
        ],
      },
    ],
    ['exec', { enableExecuteCommand: true }, 'AWS::ECS::Service', { EnableExecuteCommand: true }],
    [
      'public subnets',
      { assignPublicIp: true, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } },
      'AWS::ECS::Service',
      { NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } } },
    ],
    [
      'task counts',
      { minTasks: 2, maxTasks: 40 },
      'AWS::ApplicationAutoScaling::ScalableTarget',
      { MinCapacity: 2, MaxCapacity: 40 },
    ],
    ['log retention', { logRetention: logs.RetentionDays.ONE_WEEK }, 'AWS::Logs::LogGroup', { RetentionInDays: 7 }],
  ])('passes on %s', (_, props, type, properties) => {
    const test = createTestApp();
    createWorker(test, props);
    synth(test).hasResourceProperties(type, properties);
  });

  it('puts the variables of the user in one order, whatever order they came in', () => {
    const test = createTestApp();
    createWorker(test, { environment: { ZEBRA: '1', ALPHA: '2', FILEWORKS_LOG_LEVEL: 'debug' } });
    expect(Object.keys(environmentOf(synth(test))).slice(0, 4)).toEqual([
      'ALPHA',
      'FILEWORKS_LOG_LEVEL',
      'ZEBRA',
      'FILEWORKS_QUEUE_URL',
    ]);
  });

  it('uses the roles, log group, security group and secrets that it is given', () => {
    const test = createTestApp();
    const role = (id: string) =>
      new iam.Role(test.shared, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const logGroup = new logs.LogGroup(test.shared, 'Logs');
    const securityGroup = new ec2.SecurityGroup(test.shared, 'Group', { vpc: test.vpc });
    const secret = new secretsmanager.Secret(test.stack, 'Secret');
    const worker = createWorker(test, {
      taskRole: role('Task'),
      executionRole: role('Execution'),
      logGroup,
      securityGroups: [securityGroup],
      secrets: { TOKEN: ecs.Secret.fromSecretsManager(secret) },
    });

    const template = synth(test);

    template.resourceCountIs('AWS::IAM::Role', 0);
    template.resourceCountIs('AWS::Logs::LogGroup', 0);
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    expect(worker.connections.securityGroups).toEqual([securityGroup]);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Secrets: [Match.objectLike({ Name: 'TOKEN' })] })],
    });
  });

  it('encrypts its queues with a key that is given and lets the worker use it', () => {
    const test = createTestApp();
    const encryptionKey = new kms.Key(test.stack, 'Key', { enableKeyRotation: true });
    createWorker(test, { encryptionKey });

    const template = synth(test);

    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: ['kms:GenerateDataKey', 'kms:Decrypt'] })]),
      },
    });
  });

  it('watches the deployment alarms that its service is given, and those alone', () => {
    const test = createTestApp();
    createWorker(test).service.enableDeploymentAlarms(['errors']);
    synth(test).hasResourceProperties('AWS::ECS::Service', {
      DeploymentConfiguration: { Alarms: { AlarmNames: ['errors'], Enable: true, Rollback: true } },
    });
  });

  it('rings for whom it is told to', () => {
    const test = createTestApp();
    PipelineAlarms.of(test.stack).notify(new SnsAction(new Topic(test.stack, 'Topic')));
    createWorker(test);
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    });
  });

  it('grants nothing on tasks and warns when scale-in protection is off', () => {
    const test = createTestApp();
    createWorker(test, { scaleInProtection: false });

    const template = synth(test);

    expect(JSON.stringify(template.toJSON())).not.toContain('UpdateTaskProtection');
    expect(environmentOf(template)).toHaveProperty('FILEWORKS_SCALE_IN_PROTECTION', 'disabled');
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Worker',
      Match.stringLikeRegexp('cdk-fileworks:QueueScaledFargateWorker.unprotectedScaleIn'),
    );
  });

  it('warns of no scale-in when the number of tasks is fixed', () => {
    const test = createTestApp();
    createWorker(test, { scaleInProtection: false, minTasks: 3, maxTasks: 3 });
    synth(test);
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.anyValue());
  });

  it('may store results, and find those that are there', () => {
    const test = createTestApp();
    const encryptionKey = new kms.Key(test.shared, 'Key', { enableKeyRotation: true });
    createWorker(test).grantStoreResults(new s3.Bucket(test.shared, 'Results', { encryptionKey }), 'unpacked/');
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ['kms:GenerateDataKey', 'kms:Decrypt'] }),
          {
            Effect: 'Allow',
            Action: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'],
            Resource: { 'Fn::Join': ['', Match.arrayWith(['/unpacked/*'])] },
          },
        ]),
      },
    });
  });

  it('can be granted anything, and grants sending', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    new s3.Bucket(test.stack, 'Results').grantPut(worker);
    worker.grantSendMessages(
      new iam.Role(test.stack, 'Sender', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
    );

    const template = synth(test);

    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['s3:PutObject']) })]) },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Sender') }],
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'sqs:SendMessage' })] },
    });
  });
});

describe('QueueScaledFargateWorker with an existing task definition', () => {
  function createTaskDefinition(test: TestApp, container = true): ecs.FargateTaskDefinition {
    const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Task', { cpu: 1_024, memoryLimitMiB: 2_048 });
    if (container) {
      taskDefinition.addContainer('Main', { image, stopTimeout: Duration.seconds(90) });
      taskDefinition.addContainer('Sidecar', { image, essential: false });
    }
    return taskDefinition;
  }

  it('tells the default container its queue and lets its role work', () => {
    const test = createTestApp();
    const taskDefinition = createTaskDefinition(test);
    const worker = createWorker(test, { image: undefined, taskDefinition, stopTimeout: Duration.seconds(90) });

    const template = synth(test);

    template.resourceCountIs('AWS::ECS::TaskDefinition', 1);
    expect(worker.container.containerName).toBe('Main');
    expect(worker.logGroup).toBeUndefined();
    expect(worker.grantPrincipal).toBe(taskDefinition.taskRole);
    expect(environmentOf(template)).toMatchObject({ FILEWORKS_CONCURRENCY: '1', FILEWORKS_STOP_TIMEOUT_SECONDS: '90' });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^TaskTaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['sqs:ReceiveMessage']) })]),
      },
    });
  });

  it('says nothing of a stop timeout that it does not know', () => {
    const test = createTestApp();
    createWorker(test, { image: undefined, taskDefinition: createTaskDefinition(test) });
    expect(environmentOf(synth(test))).not.toHaveProperty('FILEWORKS_STOP_TIMEOUT_SECONDS');
  });

  it('throws for props of a new one', () => {
    const test = createTestApp();
    expect(() => createWorker(test, { taskDefinition: createTaskDefinition(test), cpu: 512, environment: {} })).toThrow(
      'image, environment, cpu cannot be set together with taskDefinition; set them where the task definition is created [at Pipeline/Worker]',
    );
  });

  it('throws when it has no container yet', () => {
    const test = createTestApp();
    expect(() => createWorker(test, { image: undefined, taskDefinition: createTaskDefinition(test, false) })).toThrow(
      'taskDefinition needs an essential container; call addContainer first [at Pipeline/Worker]',
    );
  });

  it('throws when it belongs to another stack', () => {
    const test = createTestApp();
    const taskDefinition = createTaskDefinition({ ...test, stack: test.shared });
    expect(() => createWorker(test, { image: undefined, taskDefinition })).toThrow(
      'taskDefinition must be in the stack of the worker, because each references the other; move it there [at Pipeline/Worker]',
    );
  });

  it('throws when there is neither an image nor a task definition', () => {
    const test = createTestApp();
    expect(() => createWorker(test, { image: undefined })).toThrow(
      'image is missing; set image, or taskDefinition with a container [at Pipeline/Worker]',
    );
  });
});

describe('QueueScaledFargateWorker with a FIFO queue', () => {
  it('makes both queues FIFO and tells duplicates by content', () => {
    const test = createTestApp();
    createWorker(test, { fifo: true });
    const template = synth(test);
    template.allResourcesProperties('AWS::SQS::Queue', { FifoQueue: true, ContentBasedDeduplication: true });
  });

  it('does not let the task send to its queue, which would change the order', () => {
    const test = createTestApp();
    createWorker(test, { fifo: true });
    const ofQueue = { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerQueue'), 'Arn'] };
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Resource: ofQueue,
            Action: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
          }),
        ]),
      },
    });
  });

  it('leaves duplicates to the senders when told to', () => {
    const test = createTestApp();
    createWorker(test, { fifo: true, contentBasedDeduplication: false });
    synth(test).hasResourceProperties('AWS::SQS::Queue', {
      FifoQueue: true,
      ContentBasedDeduplication: false,
      RedrivePolicy: Match.anyValue(),
    });
  });

  it('takes files in one message group', () => {
    const test = createTestApp();
    const target = IngestTarget.worker(createWorker(test, { fifo: true }), { messageGroupId: 'orders' });
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Orders', { target });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      Targets: [Match.objectLike({ SqsParameters: { MessageGroupId: 'orders' } })],
    });
  });
});

describe('QueueScaledFargateWorker alarms', () => {
  it('ring for an old message and for too much work, for whom they are told to', () => {
    const test = createTestApp();
    PipelineAlarms.of(test.stack).notify(new SnsAction(new Topic(test.stack, 'Topic')));
    const worker = createWorker(test, {
      maxTasks: 20,
      concurrency: 3,
      alarmOldestMessageAge: Duration.minutes(30),
      alarmSaturatedFor: Duration.seconds(601),
    });
    const template = synth(test);
    const AlarmActions = [{ Ref: Match.stringLikeRegexp('^Topic') }];
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'MAX([age, held])' })]),
      Threshold: 1_800,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 5,
      DatapointsToAlarm: 1,
      AlarmActions,
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'visible + FILL(inFlight, 0)' })]),
      Threshold: 60,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 11,
      AlarmActions,
    });
    expect(worker.oldestMessageAlarm).toBeDefined();
    expect(worker.saturationAlarm).toBeDefined();
    template.resourceCountIs('AWS::CloudWatch::Alarm', 7);
  });

  it('is in ALARM when jobs are visible and none is in flight for ten minutes', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const template = synth(test);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'IF(FILL(inFlight, 0) > 0, 0, visible)', ReturnData: true }),
      ]),
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 10,
      TreatMissingData: 'notBreaching',
    });
    expect(worker.notStartingAlarm).toBeDefined();
    expect(resourceCount(template)).toBe(21);
  });

  it.each<[string, number, (test: TestApp) => Partial<QueueScaledFargateWorkerProps>]>([
    ['a day for the default retention', 86_400, () => ({})],
    ['a quarter of a shorter one', 3_600, () => ({ retentionPeriod: Duration.hours(4) })],
    ['a minute at least', 60, () => ({ retentionPeriod: Duration.minutes(2) })],
    [
      'a quarter of the shortest one of several queues',
      900,
      ({ stack }) => ({
        additionalQueues: { Express: { queue: new sqs.Queue(stack, 'Queue', { retentionPeriod: Duration.hours(1) }) } },
      }),
    ],
    [
      'a day for an imported queue',
      86_400,
      ({ stack }) => ({ queue: sqs.Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-central-1:111122223333:jobs') }),
    ],
    [
      'a day for a retention that is known at deployment',
      86_400,
      ({ stack }) => ({
        retentionPeriod: Duration.seconds(new CfnParameter(stack, 'Retention', { type: 'Number' }).valueAsNumber),
      }),
    ],
  ])('is in ALARM when the oldest message has an age of %s', (_, Threshold, props) => {
    const test = createTestApp();
    createWorker(test, props(test));
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^The oldest message'),
      Threshold,
    });
  });

  it('has no alarm whose time is zero', () => {
    const none = Duration.seconds(0);
    const worker = createWorker(createTestApp(), { alarmOldestMessageAge: none, alarmNotStartingFor: none });
    expect([worker.oldestMessageAlarm, worker.notStartingAlarm]).toEqual([undefined, undefined]);
  });
});

describe('QueueScaledFargateWorker metrics', () => {
  it('measures each minute at its maximum', () => {
    const worker = createWorker(createTestApp());
    const metrics = [
      worker.metricMessagesVisible(),
      worker.metricMessagesInFlight(),
      worker.metricOldestMessageAge(),
      worker.metricDeadLetters(),
    ];
    expect(metrics.map((metric) => [metric?.metricName, metric?.statistic, metric?.period.toSeconds()])).toEqual([
      ['ApproximateNumberOfMessagesVisible', 'Maximum', 60],
      ['ApproximateNumberOfMessagesNotVisible', 'Maximum', 60],
      ['ApproximateAgeOfOldestMessage', 'Maximum', 60],
      ['ApproximateNumberOfMessagesVisible', 'Maximum', 60],
    ]);
  });

  it('knows what arrived and what the runtime and the service report', () => {
    const worker = createWorker(createTestApp());
    const metrics = [
      worker.metricJobsArrived(),
      worker.metricJobsSucceeded(),
      worker.metricJobsFailed(),
      worker.metricJobDuration(),
      worker.metricCpuUtilization(),
      worker.metricMemoryUtilization(),
    ];
    expect(
      metrics.map(({ namespace, metricName, statistic, period }) => [
        namespace,
        metricName,
        statistic,
        period.toSeconds(),
      ]),
    ).toEqual([
      ['AWS/SQS', 'NumberOfMessagesSent', 'Sum', 60],
      ['Fileworks', 'JobsSucceeded', 'Sum', 60],
      ['Fileworks', 'JobsFailed', 'Sum', 60],
      ['Fileworks', 'JobDuration', 'p95', 60],
      ['AWS/ECS', 'CPUUtilization', 'Average', 60],
      ['AWS/ECS', 'MemoryUtilization', 'Average', 60],
    ]);
    expect(worker.metricJobsSucceeded().dimensions).toEqual({ QueueName: worker.queue.queueName });
  });

  it('takes options for a metric', () => {
    const worker = createWorker(createTestApp());
    expect(worker.metricOldestMessageAge({ statistic: 'p99', period: Duration.minutes(5) })).toMatchObject({
      statistic: 'p99',
    });
    expect(worker.metricBacklog({ label: 'Files', period: Duration.minutes(5) })).toMatchObject({
      label: 'Files',
      expression: 'visible + FILL(inFlight, 0)',
    });
  });
});

describe('QueueScaledFargateWorker in an organization with property injectors', () => {
  const inject = (constructUniqueId: string, overrides: object): IPropertyInjector => ({
    constructUniqueId,
    inject: (originalProps: object) => ({ ...originalProps, ...overrides }),
  });

  it('tells the worker the visibility timeout and receives that were really built', () => {
    const test = createTestApp();
    PropertyInjectors.of(test.stack).add(
      inject(sqs.Queue.PROPERTY_INJECTION_ID, { visibilityTimeout: Duration.minutes(2) }),
    );
    createWorker(test);
    expect(environmentOf(synth(test))).toHaveProperty('FILEWORKS_VISIBILITY_TIMEOUT_SECONDS', '120');
  });

  it.each([
    ['the attempts that the worker counts, with ten more receives of SQS', {}, '3', 13],
    ['the receives of SQS, if the program extends no lease', { heartbeat: false }, '3', 3],
  ])('tells the worker of a FIFO queue %s', (_, props, attempts, receives) => {
    const test = createTestApp();
    createWorker(test, { fifo: true, maxReceiveCount: 3, ...props });
    const template = synth(test);
    expect(environmentOf(template)).toHaveProperty('FILEWORKS_MAX_RECEIVE_COUNT', attempts);
    template.hasResourceProperties('AWS::SQS::Queue', { RedrivePolicy: { maxReceiveCount: receives } });
  });

  it('watches the deployment alarms that the organization gives its services', () => {
    const test = createTestApp();
    PropertyInjectors.of(test.app).add(
      inject(ecs.FargateService.PROPERTY_INJECTION_ID, { deploymentAlarms: { alarmNames: ['errors'] } }),
    );
    createWorker(test);
    synth(test).hasResourceProperties('AWS::ECS::Service', {
      DeploymentConfiguration: { Alarms: { AlarmNames: ['errors'], Enable: true } },
    });
  });

  it('can itself be given other defaults', () => {
    const test = createTestApp();
    PropertyInjectors.of(test.stack).add(inject(QueueScaledFargateWorker.PROPERTY_INJECTION_ID, { maxTasks: 3 }));
    createWorker(test);
    synth(test).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MaxCapacity: 3 });
  });
});

describe('QueueScaledFargateWorker refuses', () => {
  const queue = (test: ReturnType<typeof createTestApp>) =>
    sqs.Queue.fromQueueArn(test.stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs');

  it.each<[string, Partial<QueueScaledFargateWorkerProps>]>([
    ['cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, got: 1000', { cpu: 1_000 }],
    [
      'memoryLimitMiB must be one of 1024, 2048, 3072, 4096 when cpu is 512, got: 512; Fargate offers no other sizes',
      { memoryLimitMiB: 512 },
    ],
    [
      'memoryLimitMiB must be one of 512, 1024, 2048 when cpu is 256, got: 1536; Fargate offers no other sizes',
      { cpu: 256, memoryLimitMiB: 1_536 },
    ],
    [
      'memoryLimitMiB must be one of 16384, 20480, 24576, 28672, 32768, 36864, 40960, 45056, 49152, 53248, 57344, 61440 when cpu is 8192, got: 17408; Fargate offers no other sizes',
      { cpu: 8_192, memoryLimitMiB: 17_408 },
    ],
    [
      'memoryLimitMiB must be one of 8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360, 16384, 17408, 18432, 19456, 20480, 21504, 22528, 23552, 24576, 25600, 26624, 27648, 28672, 29696, 30720 when cpu is 4096, got: 1024 (the default); Fargate offers no other sizes',
      { cpu: 4_096 },
    ],
    ['stopTimeout must be a whole number of seconds from 2 to 120, got: 121', { stopTimeout: Duration.seconds(121) }],
    ['stopTimeout must be a whole number of seconds from 2 to 120, got: 1', { stopTimeout: Duration.seconds(1) }],
    ['ephemeralStorageGiB must be a whole number of GiB from 21 to 200, got: 20', { ephemeralStorageGiB: 20 }],
    [
      'visibilityTimeout must be a whole number of seconds from 3 to 43200, got: 43201',
      { visibilityTimeout: Duration.seconds(43_201) },
    ],
    [
      'visibilityTimeout must be a whole number of seconds from 3 to 43200, got: 3.5',
      { visibilityTimeout: Duration.millis(3_500) },
    ],
    [
      'visibilityTimeout must be a whole number of seconds from 3 to 43200, got: 2',
      { visibilityTimeout: Duration.seconds(2) },
    ],
    [
      'retentionPeriod must be a whole number of seconds from 60 to 1209600, got: 59',
      { retentionPeriod: Duration.seconds(59) },
    ],
    [
      'deadLetterRetention must be a whole number of seconds from 60 to 1209600, got: 1296000',
      { deadLetterRetention: Duration.days(15) },
    ],
    [
      'deadLetterRetention must be longer than retentionPeriod, or a message can expire on its way, got: 4 days and 4 days (the default); shorten retentionPeriod or lengthen deadLetterRetention, up to 14 days',
      { deadLetterRetention: Duration.days(4) },
    ],
    ['maxReceiveCount must be a whole number from 1 to 1000, got: 0', { maxReceiveCount: 0 }],
    [
      'alarmOldestMessageAge must be a whole number of seconds 60 or more, got: 59',
      { alarmOldestMessageAge: Duration.seconds(59) },
    ],
    [
      'alarmSaturatedFor must be a whole number of seconds from 60 to 86400, got: 86401',
      { alarmSaturatedFor: Duration.seconds(86_401) },
    ],
    [
      'contentBasedDeduplication cannot be set together with a queue that is not FIFO; set fifo too, or omit it',
      { contentBasedDeduplication: true },
    ],
    ['concurrency must be a whole number 1 or more, got: 0', { concurrency: 0 }],
    ['minTasks must be a whole number 0 or more, got: -1', { minTasks: -1 }],
    ['maxTasks must be a whole number 1 or more, got: 0', { maxTasks: 0 }],
    ['minTasks cannot be more than maxTasks, got: 5 and 4', { minTasks: 5, maxTasks: 4 }],
    ['minTasks cannot be more than maxTasks, got: 11 and 10 (the default)', { minTasks: 11 }],
    [
      'alarmNotStartingFor must be a whole number of seconds from 60 to 86400, got: 59',
      { alarmNotStartingFor: Duration.seconds(59) },
    ],
    [
      'maxTasks must be known at synth, because other values are computed from it; use a literal number (no token)',
      { maxTasks: Lazy.number({ produce: () => 4 }) },
    ],
    [
      'maxProcessingTime cannot be longer than 12 hours, the maximum visibility timeout of SQS, got: 13 hours; split the job',
      { maxProcessingTime: Duration.hours(13) },
    ],
    [
      'maxProcessingTime cannot be longer than visibilityTimeout without a heartbeat, got: 6 minutes and 5 minutes (the default); lengthen visibilityTimeout, or extend leases in the worker and leave heartbeat on',
      { maxProcessingTime: Duration.minutes(6), heartbeat: false },
    ],
    [
      'environment cannot hold FILEWORKS_QUEUE_URL, which the construct sets; set the corresponding prop',
      { environment: { FILEWORKS_QUEUE_URL: 'x' } },
    ],
  ])('%s', (message, props) => {
    const test = createTestApp();
    expect(() => createWorker(test, props)).toThrow(new Error(`${message} [at Pipeline/Worker]`));
  });

  it('throws when a queue is given together with props of a new one', () => {
    const test = createTestApp();
    expect(() =>
      createWorker(test, { queue: queue(test), maxReceiveCount: 3, retentionPeriod: Duration.days(1) }),
    ).toThrow(
      'maxReceiveCount, retentionPeriod cannot be set together with queue; set them where the queue is created [at Pipeline/Worker]',
    );
  });

  it('throws when a variable is both plain and secret', () => {
    const test = createTestApp();
    const secrets = { TOKEN: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(test.stack, 'Secret')) };
    expect(() => createWorker(test, { environment: { TOKEN: 'x' }, secrets })).toThrow(
      'environment and secrets cannot both hold TOKEN; keep it in one of them [at Pipeline/Worker]',
    );
  });

  it('throws when only a dead-letter queue is given', () => {
    const test = createTestApp();
    expect(() => createWorker(test, { deadLetterQueue: queue(test) })).toThrow(
      'deadLetterQueue cannot be set together with a new queue; set queue too, or let the construct create both [at Pipeline/Worker]',
    );
  });

  it('throws when a log group is given together with a retention', () => {
    const test = createTestApp();
    const logGroup = new logs.LogGroup(test.stack, 'Logs');
    expect(() => createWorker(test, { logGroup, logRetention: logs.RetentionDays.ONE_DAY })).toThrow(
      'logRetention cannot be set together with logGroup; set it where the log group is created [at Pipeline/Worker]',
    );
  });

  it('accepts every limit itself', () => {
    const test = createTestApp();
    createWorker(test, {
      stopTimeout: Duration.seconds(120),
      ephemeralStorageGiB: 21,
      visibilityTimeout: Duration.hours(12),
      maxProcessingTime: Duration.hours(12),
      heartbeat: false,
      maxReceiveCount: 1,
      minTasks: 1,
      maxTasks: 1,
    });
    expect(resourceCount(synth(test))).toBe(21);
  });
});
