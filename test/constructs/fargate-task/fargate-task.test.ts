import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  BatchFileLoader,
  DatabaseLogin,
  DispatchTarget,
  FileIngestBucket,
  LoadMapping,
  ScheduledFargateJob,
  Sidecar,
  TaskVolume,
  TypeConcurrency,
  TypedDispatcher,
  type FargateTaskProps,
} from '../../../src';
import { createTestApp, createWorker, image, synth, type TestApp } from '../../support/cdk-stacks';

const createJob = (test: TestApp, props: FargateTaskProps) =>
  new ScheduledFargateJob(test.stack, 'Job', {
    cluster: test.cluster,
    image,
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    ...props,
  });

describe('volumes', () => {
  it('are empty directories of the task beside /tmp', () => {
    const test = createTestApp();
    createWorker(test, { volumes: [TaskVolume.scratch('/work'), TaskVolume.scratch('/cache')] });
    synth(test).hasResourceProperties('AWS::ECS::TaskDefinition', {
      Volumes: [{ Name: 'scratch' }, { Name: 'volume-1' }, { Name: 'volume-2' }],
      ContainerDefinitions: [
        Match.objectLike({
          MountPoints: [
            { ContainerPath: '/tmp', SourceVolume: 'scratch', ReadOnly: false },
            { ContainerPath: '/work', SourceVolume: 'volume-1', ReadOnly: false },
            { ContainerPath: '/cache', SourceVolume: 'volume-2', ReadOnly: false },
          ],
        }),
      ],
    });
  });

  it.each<[string, (test: TestApp, props: FargateTaskProps) => unknown]>([
    ['a worker', createWorker],
    ['a job', createJob],
  ])('are a file system that %s reaches over TLS, by its role and through its security group', (_, create) => {
    const test = createTestApp();
    const fileSystem = new efs.FileSystem(test.stack, 'Models', { vpc: test.vpc });
    const accessPoint = fileSystem.addAccessPoint('Point');
    create(test, {
      volumes: [TaskVolume.efs({ fileSystem, accessPoint, containerPath: '/mnt/models', readOnly: true })],
    });

    const template = synth(test);

    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Volumes: Match.arrayWith([
        {
          Name: 'volume-1',
          EFSVolumeConfiguration: {
            FilesystemId: { Ref: Match.stringLikeRegexp('^Models') },
            TransitEncryption: 'ENABLED',
            AuthorizationConfig: { IAM: 'ENABLED', AccessPointId: { Ref: Match.stringLikeRegexp('^ModelsPoint') } },
          },
        },
      ]),
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 2_049, ToPort: 2_049 });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'elasticfilesystem:ClientMount',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Models'), 'Arn'] },
          }),
        ]),
      },
    });
    template.hasResource('AWS::ECS::TaskDefinition', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^ModelsEfsMountTarget')]),
    });
  });

  it('may be written unless they are read-only, and may be of another stack', () => {
    const test = createTestApp();
    const fileSystem = new efs.FileSystem(test.shared, 'Models', { vpc: test.vpc });
    createWorker(test, { volumes: [TaskVolume.efs({ fileSystem, containerPath: '/mnt/models' })] });
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'] }),
        ]),
      },
    });
  });

  it.each(['data', '/', '', '//data'])('throws for the path %j', (path) => {
    expect(() => TaskVolume.scratch(path)).toThrow(
      new Error(`containerPath must be an absolute path below the root, got: ${path}; for example /mnt/data`),
    );
  });
});

describe('sidecars', () => {
  it('collect traces for X-Ray, start before the worker and do not end its task', () => {
    const test = createTestApp();
    createWorker(test, { sidecars: [Sidecar.openTelemetryCollector()] });

    const template = synth(test);

    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Name: 'Worker',
          DependsOn: [{ ContainerName: 'OpenTelemetryCollector', Condition: 'START' }],
          Environment: Match.arrayWith([{ Name: 'OTEL_EXPORTER_OTLP_ENDPOINT', Value: 'http://localhost:4318' }]),
        }),
        Match.objectLike({
          Name: 'OpenTelemetryCollector',
          Essential: false,
          Command: ['--config=/etc/ecs/ecs-xray.yaml'],
          ReadonlyRootFilesystem: true,
          LogConfiguration: Match.objectLike({
            LogDriver: 'awslogs',
            Options: Match.objectLike({ 'awslogs-stream-prefix': 'sidecar' }),
          }),
        }),
      ],
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('TaskRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: [
              'xray:PutTraceSegments',
              'xray:PutTelemetryRecords',
              'xray:GetSamplingRules',
              'xray:GetSamplingTargets',
            ],
            Resource: '*',
          }),
        ]),
      },
    });
  });

  it('route the log of a job elsewhere, and their own to its log group', () => {
    const test = createTestApp();
    createJob(test, { sidecars: [Sidecar.logRouter({ options: { Name: 'firehose', delivery_stream: 'logs' } })] });
    synth(test).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Name: 'Job',
          LogConfiguration: { LogDriver: 'awsfirelens', Options: { Name: 'firehose', delivery_stream: 'logs' } },
          DependsOn: [{ ContainerName: 'LogRouter', Condition: 'START' }],
        }),
        Match.objectLike({
          Name: 'LogRouter',
          Essential: true,
          FirelensConfiguration: { Type: 'fluentbit' },
          LogConfiguration: Match.objectLike({ LogDriver: 'awslogs' }),
        }),
      ],
    });
  });

  it('are any container, with options that win', () => {
    const test = createTestApp();
    createWorker(test, {
      sidecars: [Sidecar.container('Proxy', { image, essential: true, memoryReservationMiB: 64 })],
    });
    synth(test).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({ Name: 'Worker' }),
        Match.objectLike({ Name: 'Proxy', Essential: true, MemoryReservation: 64 }),
      ],
    });
  });

  it('throws for two log routers', () => {
    const router = Sidecar.logRouter({ options: { Name: 'firehose' } });
    expect(() => createWorker(createTestApp(), { sidecars: [router, router] })).toThrow(
      'sidecars can include one log router, got: 2; let one of them send the logs to every destination [at Pipeline/Worker]',
    );
  });

  it('throws for sidecars and volumes beside a task definition', () => {
    const test = createTestApp();
    const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Task');
    taskDefinition.addContainer('Main', { image });
    expect(() =>
      createWorker(test, { image: undefined, taskDefinition, volumes: [TaskVolume.scratch('/work')], sidecars: [] }),
    ).toThrow(
      'volumes, sidecars cannot be set together with taskDefinition; set them where the task definition is created [at Pipeline/Worker]',
    );
  });
});

describe('the subnets of a task', () => {
  function createIsolated(): TestApp {
    const app = new App();
    const stack = new Stack(app, 'Pipeline');
    const vpc = new ec2.Vpc(stack, 'Vpc', {
      natGateways: 0,
      maxAzs: 1,
      subnetConfiguration: [
        { name: 'In', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
        { name: 'Out', subnetType: ec2.SubnetType.PUBLIC },
      ],
    });
    return { app, stack, shared: stack, vpc, cluster: new ecs.Cluster(stack, 'Cluster', { vpc }) };
  }

  it.each<[string, (test: TestApp, props: { vpcSubnets: ec2.SubnetSelection }) => { node: { path: string } }]>([
    ['worker', (test, props) => createWorker(test, props)],
    [
      'job',
      (test, props) =>
        new ScheduledFargateJob(test.stack, 'Job', {
          cluster: test.cluster,
          image,
          schedule: ScheduleExpression.rate(Duration.hours(1)),
          ...props,
        }),
    ],
  ])('warn when a %s could not get out of them', (_, create) => {
    const test = createIsolated();
    const {
      node: { path },
    } = create(test, { vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      `/${path}`,
      Match.stringLikeRegexp('cdk-fileworks:FargateTask.isolatedSubnets'),
    );
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.stringLikeRegexp('noPublicAddress'));
  });

  it('warn when the VPC has no others and none were chosen', () => {
    const test = createIsolated();
    createWorker(test);
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Worker',
      Match.stringLikeRegexp('cdk-fileworks:FargateTask.isolatedSubnets'),
    );
  });

  it.each<[string, (test: TestApp) => unknown]>([
    ['a job', (test) => createJob(test, {})],
    [
      'a target of a dispatcher',
      (test) => {
        const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Task');
        taskDefinition.addContainer('worker', { image });
        const target = DispatchTarget.ecsTask({ cluster: test.cluster, taskDefinition });
        new TypedDispatcher(test.stack, 'Dispatcher').addType('A', {
          keys: ['**'],
          concurrency: TypeConcurrency.parallel(),
          target,
        });
      },
    ],
  ])('are the isolated ones, with the same warning, for %s in such a VPC', (_, create) => {
    const test = createIsolated();
    create(test);
    const [isolated] = test.vpc.isolatedSubnets.map(({ subnetId }) => test.stack.resolve(subnetId) as { Ref: string });
    expect(JSON.stringify(synth(test).toJSON())).toContain(isolated.Ref);
    Annotations.fromStack(test.stack).hasWarning(
      '*',
      Match.stringLikeRegexp('cdk-fileworks:FargateTask.isolatedSubnets'),
    );
  });

  it('warn for a function that loads from isolated ones into a database', () => {
    const test = createIsolated();
    new BatchFileLoader(test.stack, 'Loader', {
      vpc: test.vpc,
      database: DatabaseLogin.secret(Secret.fromSecretNameV2(test.stack, 'Secret', 'loader')),
      routes: {
        Orders: {
          source: new FileIngestBucket(test.stack, 'Inbox'),
          mapping: LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] }),
        },
      },
    });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Loader',
      Match.stringLikeRegexp('cdk-fileworks:Function.isolatedSubnets'),
    );
  });

  it('are the public ones for a job with public addresses', () => {
    const test = createIsolated();
    new ScheduledFargateJob(test.stack, 'Job', {
      cluster: test.cluster,
      image,
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      assignPublicIp: true,
    });
    const [subnet] = test.vpc.publicSubnets.map(({ subnetId }) => test.stack.resolve(subnetId) as object);
    synth(test).hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: {
        EcsParameters: {
          NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED', Subnets: [subnet] } },
        },
      },
    });
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.stringLikeRegexp('cdk-fileworks:FargateTask'));
  });

  it('warn when they are public and the task is not', () => {
    const test = createIsolated();
    createWorker(test, { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Worker',
      Match.stringLikeRegexp('cdk-fileworks:FargateTask.noPublicAddress'),
    );
  });

  it('do not warn when the task has a public address', () => {
    const test = createIsolated();
    createWorker(test, { assignPublicIp: true });
    synth(test);
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.stringLikeRegexp('cdk-fileworks:FargateTask'));
  });
});
