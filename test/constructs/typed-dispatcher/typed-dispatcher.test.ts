import { Duration, Size } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  DispatchTarget,
  type DispatchTypeOptions,
  FileIngestBucket,
  FileOrder,
  LateFile,
  OnExhausted,
  SpotStrategy,
  TypeConcurrency,
} from '../../../src';
import { compileKeyPattern } from '../../../src/constructs/typed-dispatcher/private/key-pattern';
import { dispatchTableDefinition } from '../../../src/runtime/dispatch/index.js';
import { image, synth } from '../../support/cdk-stacks';
import { createDispatcher, findingsIn, variablesOf } from './support';

const rulesOf = (template: Template) =>
  (JSON.parse(variablesOf(template, 'Ingress').RULES as string) as { rules: Record<string, unknown>[] }).rules;

test('tells the functions what a type is', () => {
  const fixture = createDispatcher();
  fixture.add('A', {
    keys: ['a/{customer}/{number}.csv'],
    concurrency: TypeConcurrency.sequentialPer('customer'),
    order: FileOrder.byKeyPart('number'),
    lateFile: LateFile.PARK,
    settle: Duration.minutes(2),
    minSize: Size.bytes(1),
  });
  fixture.add('B', { concurrency: TypeConcurrency.parallelUpTo(4), maxAttempts: 5 });
  fixture.add('C', { concurrency: TypeConcurrency.parallel(), onExhausted: OnExhausted.BLOCK });
  expect(rulesOf(synth(fixture))).toMatchObject([
    {
      type: 'A',
      keys: ['^a\\/(?<customer>[^/]+)\\/(?<number>[^/]+)\\.csv$'],
      slots: 1,
      sequencePart: 'customer',
      orderPart: 'number',
      late: 'park',
      settleSeconds: 120,
      minSize: 1,
      maxAttempts: 3,
      exhausted: 'block',
    },
    { type: 'B', slots: 4, exhausted: 'park', maxAttempts: 5 },
    { type: 'C', slots: 0, exhausted: 'block' },
  ]);
});

test('makes the table that the runtime works on', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  const { KeySchema, GlobalSecondaryIndexes } = dispatchTableDefinition;
  synth(fixture).hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    Properties: {
      KeySchema,
      GlobalSecondaryIndexes,
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    },
  });
});

test('takes events of creation and of deletion, and lets the tasks read the files', () => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'incoming/');
  fixture.add('A');
  const template = synth(fixture);
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created', 'Object Deleted'],
      detail: { object: { key: [{ prefix: 'incoming/' }] } },
    },
    Targets: [
      Match.objectLike({
        DeadLetterConfig: Match.anyValue(),
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      }),
    ],
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({ Action: ['s3:GetObject', 's3:GetObjectVersion'] })]),
    },
  });
});

test('hears only of its own tasks, and of turns that ended', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  const template = synth(fixture);
  const { STARTED_BY: startedBy } = variablesOf(template, 'Watcher');
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.ecs'],
      detail: { lastStatus: ['STOPPED'], startedBy: [{ prefix: `${startedBy as string}/` }] },
    },
  });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 3,
    MaximumRecordAgeInSeconds: 3_600,
    DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    FilterCriteria: {
      Filters: [
        {
          Pattern: JSON.stringify({
            eventName: ['MODIFY'],
            dynamodb: { NewImage: { sk: { S: ['F'] }, status: { S: ['completed', 'parked', 'skipped', 'blocked'] } } },
          }),
        },
      ],
    },
  });
  // fw/<40>/<file id of 52>/<epoch>, of which ECS takes 128 characters
  expect(startedBy).toMatch(/^fw\/[A-Za-z0-9_-]{1,40}$/);
});

test('divides the pace of launches among the launchers', () => {
  const fixture = createDispatcher({ launchesPerSecond: 10 });
  fixture.add('A');
  const template = synth(fixture);
  expect(variablesOf(template, 'Launcher').LAUNCHES_PER_SECOND).toBe('5');
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 2 } });
});

test('lets a task take its turn and do nothing else to the table', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  const policies = Object.entries(synth(fixture).findResources('AWS::IAM::Policy')).filter(([id]) =>
    id.startsWith('TaskTaskRole'),
  );
  expect(
    policies.map(
      ([, { Properties }]) => (Properties as { PolicyDocument: { Statement: unknown } }).PolicyDocument.Statement,
    ),
  ).toEqual([
    [
      {
        Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['F#*', 'S#A', 'S#A/*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^DispatcherStateTable/), 'Arn'] },
      },
    ],
  ]);
});

test.each(['before', 'after'])('lets the tasks store results, of types that are added %s it', (when) => {
  const fixture = createDispatcher();
  const results = new Bucket(fixture.stack, 'Results');
  if (when === 'before') {
    fixture.add('A');
  }
  fixture.dispatcher.grantStoreResults(results, 'out/');
  if (when === 'after') {
    fixture.add('A');
  }
  synth(fixture).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'],
          Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Results'), 'Arn'] }, '/out/*']] },
        }),
      ]),
    },
    Roles: [{ Ref: Match.stringLikeRegexp('^TaskTaskRole') }],
  });
});

test('launches only its task definitions in all revisions, in their cluster, with their roles and tags', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  const template = synth(fixture);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'iam:PassRole',
          Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
        }),
        Match.objectLike({
          Action: 'ecs:RunTask',
          Resource: {
            'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':task-definition/PipelineTask.*:\\*$')])],
          },
          Condition: { ArnEquals: { 'ecs:cluster': Match.anyValue() } },
        }),
        Match.objectLike({
          Action: 'ecs:TagResource',
          Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
        }),
      ]),
    },
  });
});

test('has an alarm where a person must act', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  const template = synth(fixture);
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')) as {
    Properties: { MetricName?: string; Metrics?: unknown };
  }[];
  expect(alarms.flatMap(({ Properties }) => Properties.MetricName ?? []).sort()).toEqual([
    'ApproximateAgeOfOldestMessage',
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesVisible',
    'BlockedFiles',
    'LaunchesRefused',
    'OldestQueuedFileAge',
    'SweepsCompleted',
  ]);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateAgeOfOldestMessage',
    Threshold: 600,
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'SweepsCompleted',
    Period: 60,
    EvaluationPeriods: 10,
    TreatMissingData: 'breaching',
  });
  const wakes = Object.keys(template.findResources('AWS::SQS::Queue')).find((id) => /WakesQueue[0-9A-F]{8}$/.test(id));
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('its launcher is disabled'),
    EvaluationPeriods: 10,
    Metrics: Match.arrayWith([
      Match.objectLike({ Expression: 'IF(FILL(inFlight, 0) > 0, 0, visible)' }),
      Match.objectLike({
        MetricStat: Match.objectLike({
          Metric: Match.objectLike({
            MetricName: 'ApproximateNumberOfMessagesVisible',
            Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [wakes, 'QueueName'] } }],
          }),
        }),
      }),
    ]),
  });
});

test('tells every function what may work at once, and lets files without a sequence queue for it', () => {
  const fixture = createDispatcher({ maxConcurrentTasks: 40 });
  fixture.add('A', {
    keys: ['a/{customer}/*'],
    concurrency: TypeConcurrency.sequentialPer('customer'),
    maxConcurrentTasks: 10,
  });
  fixture.add('B', { keys: ['b/*'], concurrency: TypeConcurrency.parallel() });
  const template = synth(fixture);
  for (const id of ['Ingress', 'Launcher', 'Watcher', 'Operator']) {
    expect(variablesOf(template, id)).toMatchObject({ LIMITS: '{"all":40,"types":{"A":10}}' });
  }
  expect(rulesOf(template)).toMatchObject([
    { type: 'A', slots: 1 },
    { type: 'B', slots: 40 },
  ]);
});

test('is in ALARM when a file has waited too long for its turn, and tells the metrics of a type', () => {
  const fixture = createDispatcher({ maxQueuedAge: Duration.hours(2) });
  fixture.add('A');
  synth(fixture).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'OldestQueuedFileAge',
    Threshold: 7_200,
  });
  expect(fixture.dispatcher.metricOfType('A', 'FilesCompleted', { statistic: 'Sum' })).toMatchObject({
    metricName: 'FilesCompleted',
    statistic: 'Sum',
    dimensions: { Dispatcher: fixture.dispatcher.node.path, Type: 'A' },
  });
});

test('launches on demand what Spot could not take, where asked', () => {
  const fixture = createDispatcher();
  const taskDefinition = new ecs.FargateTaskDefinition(fixture.stack, 'SpotTask');
  taskDefinition.addContainer('worker', { image });
  const target = (capacity: SpotStrategy) =>
    DispatchTarget.ecsTask({ cluster: fixture.cluster, taskDefinition, capacity, fallbackToOnDemand: true });
  fixture.add('A', { target: target(SpotStrategy.spotOnly()) });
  expect(JSON.stringify(variablesOf(synth(fixture), 'Launcher').LAUNCHES)).toMatch(/FARGATE_SPOT.*fallbackToOnDemand/);
  expect(() => createDispatcher().add('B', { target: target(SpotStrategy.onDemand()) })).toThrow(
    /fallbackToOnDemand needs capacity with Spot/,
  );
});

test('lets the operator list its buckets below their prefixes, send events again, and nothing else there', () => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'incoming/');
  fixture.add('A');
  const template = synth(fixture);
  expect(variablesOf(template, 'Operator')).toMatchObject({ TYPES: '["A"]' });
  const [policy] = Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith('DispatcherOperatorRole'))
    .map(
      ([, { Properties }]) =>
        Properties as {
          PolicyDocument: { Statement: { Action: string | string[]; Condition?: unknown }[] };
        },
    );
  const statements = policy.PolicyDocument.Statement;
  expect(
    statements.flatMap<unknown>(({ Action: action, Condition: condition }) =>
      condition === undefined ? action : [[action, condition]],
    ),
  ).toEqual([
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'dynamodb:GetItem',
    'dynamodb:Query',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:ConditionCheckItem',
    'sqs:SendMessage',
    'dynamodb:Query',
    'sqs:SendMessage',
    ['s3:ListBucketVersions', { StringLike: { 's3:prefix': 'incoming/*' } }],
  ]);
});

test('is clean by cdk-nag', () => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'));
  fixture.add('A', { keys: ['a/{customer}/*'], concurrency: TypeConcurrency.sequentialPer('customer') });
  expect(findingsIn(fixture)).toEqual([]);
});

test.each<[string, Partial<DispatchTypeOptions>, RegExp]>([
  ['no pattern', { keys: [] }, /keys cannot be empty/],
  [
    'a part that a pattern does not have',
    { keys: ['{a}/*', 'b/*'], concurrency: TypeConcurrency.sequentialPer('a') },
    /concurrency needs the part \{a\} in every pattern/,
  ],
  [
    'an order of parallel files',
    { concurrency: TypeConcurrency.parallel(), order: FileOrder.byEvent() },
    /need a sequential type/,
  ],
  ['a name used twice', { keys: ['{a}/{a}'] }, /unique names/],
  ['half a part', { keys: ['{a/*'] }, /must be paired/],
  ['a limit of one sequence', { maxConcurrentTasks: 3 }, /maxConcurrentTasks needs TypeConcurrency.sequentialPer/],
  ['no attempt', { maxAttempts: 0 }, /maxAttempts must be a whole number from 1 to 100/],
  [
    'a hang timeout of seconds',
    { hangTimeout: Duration.seconds(5) },
    /hangTimeout must be a whole number of seconds from 60/,
  ],
])('throws for %s', (_, options, message) => {
  expect(() => createDispatcher().add('A', options)).toThrow(message);
});

test('throws for a type that is there, a name that ECS or DynamoDB would not take, and no type at all', () => {
  const fixture = createDispatcher();
  fixture.add('A');
  expect(() => fixture.add('A')).toThrow(/must be new/);
  expect(() => fixture.add('a b')).toThrow(/letters, digits and -/);
  expect(() => synth(createDispatcher())).toThrow(/needs at least one type/);
});

test('throws when the types do not fit into the function', () => {
  const fixture = createDispatcher();
  for (let index = 0; index < 12; index += 1) {
    fixture.add(`T${index}`, { keys: [`${'x'.repeat(100)}/${index}/*`] });
  }
  expect(() => synth(fixture)).toThrow(
    /types and their patterns take about \d+ characters, and 3000 fit into the environment of a function/,
  );
});

test('throws when their targets do not, by the length that they have when they are deployed', () => {
  const withTargets = (count: number) => {
    const fixture = createDispatcher();
    for (let index = 0; index < count; index += 1) {
      const taskDefinition = new ecs.FargateTaskDefinition(fixture.stack, `Task${index}`);
      taskDefinition.addContainer('worker', { image });
      fixture.add(`T${index}`, {
        keys: [`${index}/*`],
        target: DispatchTarget.ecsTask({ cluster: fixture.cluster, taskDefinition }),
      });
    }
    return fixture;
  };
  expect(() => synth(withTargets(6))).not.toThrow();
  expect(() => synth(withTargets(12))).toThrow(/types and their targets take about \d+ characters, and 3000 fit/);
});

test.each<[string, string, boolean]>([
  ['a/*.csv', 'a/1.csv', true],
  ['a/*.csv', 'a/b/1.csv', false],
  ['a/**.csv', 'a/b/1.csv', true],
  ['a.csv', 'abcsv', false],
  ['**', '', true],
  ['{x}/1', '/1', false],
  ['a(1)+[b]$^|?.txt', 'a(1)+[b]$^|?.txt', true],
  ['a-{b}-c', 'a-1-c', true],
  ['line\n*', 'line\nbreak', true],
])('pattern %j and key %j: %s', (pattern, key, matches) => {
  const { expression } = compileKeyPattern(pattern, createDispatcher().stack);
  expect(new RegExp(expression, 'su').test(key)).toBe(matches);
});
