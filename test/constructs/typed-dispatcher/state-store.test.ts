import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  DatabaseLogin,
  DispatchTarget,
  StateStore,
  StateTableCapacity,
  TypeConcurrency,
  type TypedDispatcherProps,
} from '../../../src';
import { image, synth } from '../../support/cdk-stacks';
import { createDispatcher, findingsIn, variablesOf } from './support';

const functions = ['Ingress', 'Launcher', 'Watcher', 'Operator'];
const units = { minReadUnits: 5, maxReadUnits: 5, minWriteUnits: 10, maxWriteUnits: 400 };

function withDatabase(
  login: (secret: secretsmanager.Secret) => DatabaseLogin = (secret) => DatabaseLogin.secret(secret),
) {
  const props: { -readonly [Name in keyof TypedDispatcherProps]: TypedDispatcherProps[Name] } = {};
  const fixture = createDispatcher(props, ({ stack, vpc }) => {
    props.stateStore = StateStore.postgres({
      login: login(new secretsmanager.Secret(stack, 'Secret')),
      vpc,
      retention: Duration.days(30),
    });
  });
  const group = new ec2.SecurityGroup(fixture.stack, 'Database', { vpc: fixture.vpc });
  return { ...fixture, database: new ec2.Connections({ securityGroups: [group], defaultPort: ec2.Port.tcp(5432) }) };
}

describe('a table', () => {
  test('is as its user wants it', () => {
    const stateStore = StateStore.dynamoDb({
      pointInTimeRecovery: false,
      removalPolicy: RemovalPolicy.DESTROY,
      retention: Duration.days(15),
    });
    const fixture = createDispatcher({ stateStore });
    fixture.add('A');
    const template = synth(fixture);
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Delete',
      Properties: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } },
    });
    for (const id of functions) {
      expect(variablesOf(template, id).FILEWORKS_DISPATCH_RETENTION_SECONDS).toBe('1296000');
    }
  });

  test('scales with its indexes where its capacity is provisioned, and only between two numbers', () => {
    const fixture = createDispatcher({
      stateStore: StateStore.dynamoDb({ capacity: StateTableCapacity.provisioned(units) }),
    });
    fixture.add('A');
    const template = synth(fixture);
    const ProvisionedThroughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 10 };
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: Match.absent(),
      ProvisionedThroughput,
      GlobalSecondaryIndexes: [
        Match.objectLike({ IndexName: 'due', ProvisionedThroughput }),
        Match.objectLike({ IndexName: 'trouble', ProvisionedThroughput }),
      ],
    });
    const targets = Object.values(template.findResources('AWS::ApplicationAutoScaling::ScalableTarget')) as {
      Properties: { ScalableDimension: string; MinCapacity: number; MaxCapacity: number };
    }[];
    expect(
      targets.map(({ Properties: { ScalableDimension, MinCapacity, MaxCapacity } }) => [
        ScalableDimension,
        MinCapacity,
        MaxCapacity,
      ]),
    ).toEqual([
      ['dynamodb:table:WriteCapacityUnits', 10, 400],
      ['dynamodb:index:WriteCapacityUnits', 10, 400],
      ['dynamodb:index:WriteCapacityUnits', 10, 400],
    ]);
    template.allResourcesProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
    });
  });

  test('may exist already, with a key of its owner', () => {
    const props: { stateStore?: StateStore } = {};
    const fixture = createDispatcher(props, ({ shared }) => {
      const table = new dynamodb.Table(shared, 'Table', {
        partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
        sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
        stream: dynamodb.StreamViewType.NEW_IMAGE,
        encryptionKey: new Key(shared, 'Key'),
      });
      props.stateStore = StateStore.dynamoDb({ table });
    });
    fixture.add('A');
    const template = synth(fixture);
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
          }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::ImportValue': Match.stringLikeRegexp('StreamArn') },
    });
    expect(findingsIn(fixture)).toEqual([]);
  });

  test('throws for an existing one without a stream, and for props of a new one beside it', () => {
    const existing = (
      options: object,
      attributes: object = { tableStreamArn: 'arn:aws:dynamodb:eu-central-1:111122223333:table/files/stream/1' },
    ) => {
      const props: { stateStore?: StateStore } = {};
      return () =>
        createDispatcher(props, ({ stack }) => {
          const table = dynamodb.Table.fromTableAttributes(stack, 'Table', {
            tableArn: 'arn:aws:dynamodb:eu-central-1:111122223333:table/files',
            ...attributes,
          });
          props.stateStore = StateStore.dynamoDb({ table, ...options });
        });
    };
    expect(existing({})).not.toThrow();
    expect(existing({}, {})).toThrow(/table must have a stream/);
    expect(existing({ removalPolicy: RemovalPolicy.DESTROY, pointInTimeRecovery: true })).toThrow(
      /pointInTimeRecovery, removalPolicy cannot be set .* table/,
    );
  });

  test.each<[string, StateStore, RegExp]>([
    [
      'a retention that duplicates outlive',
      StateStore.dynamoDb({ retention: Duration.days(14) }),
      /retention must be a whole number of seconds from 1296000 to/,
    ],
    [
      'a maximum below the minimum',
      StateStore.dynamoDb({ capacity: StateTableCapacity.provisioned({ ...units, maxReadUnits: 1 }) }),
      /maxReadUnits must be a whole number 5 or more, got: 1/,
    ],
    [
      'a utilization that never scales',
      StateStore.dynamoDb({ capacity: StateTableCapacity.provisioned({ ...units, targetUtilizationPercent: 100 }) }),
      /targetUtilizationPercent must be .* from 20 to 90/,
    ],
  ])('throws for %s', (_, stateStore, message) => {
    expect(() => createDispatcher({ stateStore })).toThrow(message);
  });

  test('has no connections', () => {
    const { dispatcher } = createDispatcher();
    expect(() => dispatcher.connections).toThrow(/connections need StateStore.postgres\(\)/);
  });
});

describe('a database', () => {
  test('has the functions in its network, tells them and the workers where it is, and no table beside it', () => {
    const fixture = withDatabase();
    fixture.add('A');
    const template = synth(fixture);
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    for (const id of functions) {
      const { FILEWORKS_DISPATCH_DATABASE: database, ...others } = variablesOf(template, id);
      expect(JSON.stringify(database)).toContain('secretArn');
      expect(others).toMatchObject({
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
        FILEWORKS_DISPATCH_RETENTION_SECONDS: '2592000',
      });
      expect(others).not.toHaveProperty('FILEWORKS_DISPATCH_TABLE');
    }
    template.allResourcesProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: [Match.anyValue(), Match.anyValue()], SecurityGroupIds: [Match.anyValue()] },
    });
    const sources = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')) as {
      Properties: { EventSourceArn: unknown };
    }[];
    expect(JSON.stringify(sources)).not.toContain('StreamArn');
    expect(Object.keys(fixture.dispatcher.turnEnvironment).sort()).toEqual([
      'FILEWORKS_DISPATCH_DATABASE',
      'FILEWORKS_DISPATCH_RETENTION_SECONDS',
      'FILEWORKS_DISPATCH_WAKE_QUEUE_URL',
    ]);
    expect(fixture.dispatcher.stateTable).toBeUndefined();
  });

  test('is logged in to by functions and tasks alike, and the tasks tell of their ends', () => {
    const fixture = withDatabase();
    fixture.add('A');
    const policies = synth(fixture).findResources('AWS::IAM::Policy') as Record<
      string,
      { Properties: { PolicyDocument: { Statement: { Action: unknown }[] } } }
    >;
    const statements = (role: string) =>
      Object.entries(policies)
        .filter(([id]) => id.startsWith(role))
        .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
    const actionsOf = (role: string) => statements(role).map(({ Action: action }) => action);
    expect(actionsOf('TaskTaskRole')).toEqual(['secretsmanager:GetSecretValue', 'sqs:SendMessage']);
    for (const id of functions) {
      expect(actionsOf(`Dispatcher${id}Role`)).toContain('secretsmanager:GetSecretValue');
    }
  });

  test('may be logged in to by IAM', () => {
    const fixture = withDatabase(() =>
      DatabaseLogin.iam({ host: 'db.local', databaseName: 'files', user: 'dispatcher', resourceId: 'prx-1' }),
    );
    fixture.add('A');
    synth(fixture).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'rds-db:connect' })]) },
    });
  });

  test('lets in functions and tasks by one call, also those of types that come later', () => {
    const fixture = withDatabase();
    fixture.add('A');
    fixture.database.allowDefaultPortFrom(fixture.dispatcher);
    const taskDefinition = new ecs.FargateTaskDefinition(fixture.stack, 'Later');
    taskDefinition.addContainer('worker', { image });
    const own = new ec2.SecurityGroup(fixture.stack, 'Own', { vpc: fixture.vpc });
    const target = DispatchTarget.ecsTask({ cluster: fixture.cluster, taskDefinition, securityGroups: [own] });
    fixture.add('B', { keys: ['b/*'], target, concurrency: TypeConcurrency.parallel() });
    fixture.add('C', { keys: ['c/*'], target, concurrency: TypeConcurrency.parallel() });
    const template = synth(fixture);
    const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')) as {
      Properties: { FromPort: number; SourceSecurityGroupId: unknown };
    }[];
    expect(
      rules.map(({ Properties: { FromPort: port, SourceSecurityGroupId: source } }) => [port, JSON.stringify(source)]),
    ).toEqual([
      [5432, expect.stringContaining('DispatcherSecurityGroup')],
      [5432, expect.stringContaining('DispatcherTypeASecurityGroup')],
      [5432, expect.stringContaining('Own')],
    ]);
    expect(findingsIn(fixture)).toEqual([]);
  });
});
