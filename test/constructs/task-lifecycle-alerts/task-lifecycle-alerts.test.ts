import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  AlertFormat,
  PipelineAlarms,
  TaskAlert,
  TaskLifecycleAlerts,
  type TaskLifecycleAlertsProps,
} from '../../../src';
import { AlertKind, AlertLayout } from '../../../src/contract/task-alerts';
import { createTestApp, createWorker, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

function createAlerts(
  props: TaskLifecycleAlertsProps = {},
  test: TestApp = createTestApp(),
): { readonly alerts: TaskLifecycleAlerts; readonly template: Template } {
  const alerts = new TaskLifecycleAlerts(test.stack, 'Alerts', props);
  return { alerts, template: synth(test) };
}

interface Pattern {
  readonly 'detail-type': string[];
  readonly resources?: unknown;
  readonly detail: Record<string, unknown>;
}

function patternsOf(template: Template): Pattern[] {
  return (
    Object.values(template.findResources('AWS::Events::Rule')) as { Properties: { EventPattern?: Pattern } }[]
  ).flatMap(({ Properties: { EventPattern } }) => EventPattern ?? []);
}

function environmentOf(template: Template): Record<string, unknown> {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, unknown> } };
  }[];
  return found.Properties.Environment.Variables;
}

it('has names that are those of the contract with its function', () => {
  expect(Object.values(TaskAlert).sort()).toEqual(Object.values(AlertKind).sort());
  expect(Object.values(AlertFormat).sort()).toEqual(Object.values(AlertLayout).sort());
});

describe('TaskLifecycleAlerts with defaults', () => {
  const { template, alerts } = createAlerts();

  it('adds 22 resources: topic and key, dead-letter queue, three alarms, table, function, and four rules', () => {
    expect(resourceCount(template)).toBe(22);
  });

  it('matches stops that are failures, and neither scale-in nor deployments nor ends as they should be', () => {
    expect(patternsOf(template).find(({ detail }) => '$or' in detail)).toEqual({
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: {
        lastStatus: ['STOPPED'],
        $or: [
          { stopCode: ['TaskFailedToStart', 'SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'] },
          { stopCode: ['EssentialContainerExited'], containers: { exitCode: [{ 'anything-but': [0, 143] }] } },
          { stopCode: ['ServiceSchedulerInitiated'], stoppedReason: [{ wildcard: '*health checks*' }] },
        ],
      },
    });
  });

  it('matches services that cannot start tasks or failed to deploy', () => {
    expect(patternsOf(template).map(({ 'detail-type': type, detail }) => [type[0], detail['eventName']])).toEqual([
      ['ECS Task State Change', undefined],
      ['ECS Service Action', ['SERVICE_TASK_PLACEMENT_FAILURE', 'SERVICE_TASK_START_IMPAIRED']],
      ['ECS Deployment State Change', ['SERVICE_DEPLOYMENT_FAILED']],
    ]);
  });

  it('tries for a day, and keeps what it could not tell', () => {
    const deadLetters = { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsDeadLetterQueue'), 'Arn'] } };
    template.resourcePropertiesCountIs(
      'AWS::Events::Rule',
      {
        EventPattern: Match.anyValue(),
        Targets: [
          Match.objectLike({
            RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
            DeadLetterConfig: deadLetters,
          }),
        ],
      },
      3,
    );
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumEventAgeInSeconds: 21_600,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsDeadLetterQueue'), 'Arn'] } },
      },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp(
        '^Alerts of Pipeline/Alerts could not be sent and are in its dead-letter queue',
      ),
    });
    expect(alerts.metricUndeliveredEvents().metricName).toBe('ApproximateNumberOfMessagesVisible');
  });

  it('starts its function each minute, for digests', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      Targets: [
        Match.objectLike({
          Input: '{"fileworksAlerts":"clock"}',
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        }),
      ],
    });
  });

  it('keeps held alerts in an index by severity and time', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'held',
          KeySchema: [
            { AttributeName: 'heldSeverity', KeyType: 'HASH' },
            { AttributeName: 'dueAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
  });

  it('has alarms about alerting that CloudWatch sends to the topic itself', () => {
    template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^AlertsTopic') }],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^Alerts of Pipeline/Alerts cannot be published'),
      Namespace: 'Fileworks',
      MetricName: 'AlertsUndelivered',
      Dimensions: [{ Name: 'Alerts', Value: 'Pipeline/Alerts' }],
      Statistic: 'Sum',
      Period: 60,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 5,
      DatapointsToAlarm: 3,
      TreatMissingData: 'notBreaching',
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^The function that sends the alerts of Pipeline/Alerts has stopped'),
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'runs - FILL(errors, 0)' }),
        Match.objectLike({ MetricStat: Match.objectLike({ Period: 60 }) }),
      ]),
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 10,
      TreatMissingData: 'breaching',
    });
  });

  it('has metrics of what was held back and what could not be published', () => {
    expect(alerts.metricHeldBack()).toMatchObject({ metricName: 'AlertsHeldBack', statistic: 'Sum' });
    expect(alerts.metricUndelivered()).toMatchObject({
      metricName: 'AlertsUndelivered',
      dimensions: { Alerts: 'Pipeline/Alerts' },
    });
  });

  it('encrypts its topic with a key that rotates and that the alarms of the account may use', () => {
    template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
          }),
        ]),
      },
    });
  });

  it('lets its function make its calls and no others', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: Match.anyValue() },
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsDeadLetterQueue'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsDeadLetterQueue'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsKey'), 'Arn'] },
          },
          { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: Match.stringLikeRegexp('^AlertsTopic') } },
          {
            Effect: 'Allow',
            Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsTold'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: 'dynamodb:Query',
            Resource: {
              'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^AlertsTold'), 'Arn'] }, '/index/held']],
            },
          },
          { Effect: 'Allow', Action: 'ecs:DescribeTaskDefinition', Resource: '*' },
        ],
      },
    });
  });

  it('tells its function what to tell and how', () => {
    expect(environmentOf(template)).toEqual({
      FILEWORKS_ALERTS_NAME: 'Pipeline/Alerts',
      FILEWORKS_DEAD_LETTER_QUEUE_URL: { Ref: expect.stringMatching(/^AlertsDeadLetterQueue/) as string },
      FILEWORKS_TOPIC_ARN: { Ref: expect.stringMatching(/^AlertsTopic/) as string },
      FILEWORKS_TABLE_NAME: { Ref: expect.stringMatching(/^AlertsTold/) as string },
      FILEWORKS_ALERTS:
        'NonZeroExit,OutOfMemory,FailedToStart,Unhealthy,Infrastructure,SpotInterruption,PlacementFailed,StartImpaired,DeploymentFailed',
      FILEWORKS_ALERT_LAYOUT: 'Text',
      FILEWORKS_EXPECTED_EXIT_CODES: '0,143',
      FILEWORKS_MAX_ALERTS: '20',
      FILEWORKS_MAX_ALERTS_PER_GROUP: '10',
      FILEWORKS_ALERT_PERIOD_SECONDS: '900',
    });
  });
});

describe('the scope', () => {
  it('of clusters holds for tasks by ARN, and for services by the beginning of theirs', () => {
    const test = createTestApp();
    const { template } = createAlerts({ clusters: [test.cluster] }, test);
    const [tasks, actions, deployments] = patternsOf(template);
    expect(tasks.detail['clusterArn']).toEqual([
      { 'Fn::ImportValue': expect.stringMatching(/Cluster.*Arn/) as string },
    ]);
    for (const { resources } of [actions, deployments]) {
      expect(resources).toEqual([{ prefix: { 'Fn::Join': ['', expect.arrayContaining([':service/', '/'])] } }]);
    }
  });

  it('of services holds for their tasks by group, and for themselves by ARN', () => {
    const test = createTestApp();
    const worker = createWorker(test);
    const { template } = createAlerts({ services: [worker.service] }, test);
    const [tasks, actions] = patternsOf(template);
    expect(tasks.detail['group']).toEqual([
      { 'Fn::Join': ['', ['service:', { 'Fn::GetAtt': [expect.stringMatching(/^WorkerService/), 'Name'] }]] },
    ]);
    expect(actions.resources).toEqual([{ Ref: expect.stringMatching(/^WorkerService/) as string }]);
  });

  it('of families needs no rules for services', () => {
    const { template } = createAlerts({ taskDefinitionFamilies: ['nightly'] });
    expect(patternsOf(template).map(({ detail }) => detail['group'])).toEqual([['family:nightly']]);
  });
});

describe('the choice of alerts', () => {
  it.each<[TaskAlert, object]>([
    [
      TaskAlert.SPOT_INTERRUPTION,
      { lastStatus: ['STOPPED'], $or: [{ stopCode: ['SpotInterruption', 'TerminationNotice'] }] },
    ],
    [TaskAlert.STOPPED_BY_USER, { lastStatus: ['STOPPED'], $or: [{ stopCode: ['UserInitiated'] }] }],
    [
      TaskAlert.OUT_OF_MEMORY,
      {
        lastStatus: ['STOPPED'],
        $or: [{ stopCode: ['EssentialContainerExited'], containers: { exitCode: [{ 'anything-but': [0, 143] }] } }],
      },
    ],
    [TaskAlert.STARTED, { lastStatus: ['RUNNING'], desiredStatus: ['RUNNING'] }],
    [TaskAlert.START_IMPAIRED, { eventName: ['SERVICE_TASK_START_IMPAIRED'] }],
    [TaskAlert.DEPLOYMENT_FAILED, { eventName: ['SERVICE_DEPLOYMENT_FAILED'] }],
  ])('%s needs one rule', (alert, detail) => {
    const { template } = createAlerts({ alerts: [alert] });
    expect(patternsOf(template).map((pattern) => pattern.detail)).toEqual([detail]);
  });

  it('takes other exit codes for an end as it should be', () => {
    const { template } = createAlerts({ alerts: [TaskAlert.NON_ZERO_EXIT], expectedExitCodes: [3] });
    expect(JSON.stringify(patternsOf(template))).toContain('{"anything-but":[0,3]}');
    expect(environmentOf(template)['FILEWORKS_EXPECTED_EXIT_CODES']).toBe('0,3');
  });
});

it('tells by another layout, period and runbook', () => {
  const { template } = createAlerts({
    format: AlertFormat.CHAT,
    maxAlerts: 5,
    maxAlertsPerGroup: 4,
    period: Duration.hours(1),
    runbookUrl: 'https://example.com/runbook',
  });
  expect(environmentOf(template)).toMatchObject({
    FILEWORKS_ALERT_LAYOUT: 'Chat',
    FILEWORKS_MAX_ALERTS: '5',
    FILEWORKS_MAX_ALERTS_PER_GROUP: '4',
    FILEWORKS_ALERT_PERIOD_SECONDS: '3600',
    FILEWORKS_RUNBOOK_URL: 'https://example.com/runbook',
  });
});

it('has half of the alerts for one group', () => {
  expect(environmentOf(createAlerts({ maxAlerts: 3 }).template)).toMatchObject({
    FILEWORKS_MAX_ALERTS: '3',
    FILEWORKS_MAX_ALERTS_PER_GROUP: '2',
  });
});

it('adds actions to those of the topic', () => {
  const test = createTestApp();
  const pager = new sns.Topic(test.stack, 'Pager');
  PipelineAlarms.of(test.stack).notify(new SnsAction(pager));
  const { template } = createAlerts({}, test);
  template.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^Pager') }, { Ref: Match.stringLikeRegexp('^AlertsTopic') }],
  });
});

it('subscribes addresses', () => {
  createAlerts({ emailAddresses: ['a@example.com', 'b@example.com'] }).template.resourceCountIs(
    'AWS::SNS::Subscription',
    2,
  );
});

it('takes a topic with the key that it has, and lets the function use it', () => {
  const test = createTestApp();
  const topic = new sns.Topic(test.stack, 'Topic', { masterKey: new kms.Key(test.stack, 'TopicKey') });
  const { template } = createAlerts({ topic }, test);
  template.resourceCountIs('AWS::SNS::Topic', 1);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
          Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^TopicKey'), 'Arn'] },
        }),
      ]),
    },
  });
});

it('sends events to a further target as they are', () => {
  const test = createTestApp();
  const alerts = new TaskLifecycleAlerts(test.stack, 'Alerts', {
    alerts: [TaskAlert.FAILED_TO_START, TaskAlert.START_IMPAIRED],
  });
  alerts.addTarget(
    new targets.SqsQueue(new sqs.Queue(test.stack, 'Queue'), { deadLetterQueue: alerts.deadLetterQueue }),
  );
  synth(test).resourcePropertiesCountIs(
    'AWS::Events::Rule',
    {
      EventPattern: Match.anyValue(),
      Targets: [
        Match.anyValue(),
        Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Queue'), 'Arn'] } }),
      ],
    },
    2,
  );
});

describe('throws', () => {
  it.each<[string, (test: TestApp) => TaskLifecycleAlertsProps, string]>([
    [
      'for no alerts',
      () => ({ alerts: [] }),
      'alerts cannot be empty, or no alert would be sent; omit it, or set at least one',
    ],
    [
      'for no services',
      () => ({ services: [] }),
      'services cannot be empty, or no alert would be sent; omit it, or set at least one',
    ],
    ['for no alert at all in a period', () => ({ maxAlerts: 0 }), 'maxAlerts must be a whole number 1 or more, got: 0'],
    [
      'for more alerts of a group than of all',
      () => ({ maxAlerts: 3, maxAlertsPerGroup: 4 }),
      'maxAlertsPerGroup must be a whole number from 1 to 3, got: 4',
    ],
    [
      'for a short period',
      () => ({ period: Duration.seconds(30) }),
      'period must be a whole number of seconds from 60 to 86400, got: 30',
    ],
    [
      'for an exit code that there is not',
      () => ({ expectedExitCodes: [256] }),
      'expectedExitCodes must be a whole number from 1 to 255, got: 256',
    ],
    [
      'for a key of a topic that is there',
      ({ stack }) => ({ topic: new sns.Topic(stack, 'Topic'), encryptionKey: new kms.Key(stack, 'Key') }),
      'encryptionKey cannot be set together with topic; set it where the topic is created',
    ],
    [
      'for a FIFO topic',
      ({ stack }) => ({ topic: new sns.Topic(stack, 'Topic', { fifo: true }) }),
      'topic cannot be FIFO, because neither e-mail nor chat can subscribe to it; use a standard topic',
    ],
  ])('%s', (_, props, message) => {
    const test = createTestApp();
    expect(() => createAlerts(props(test), test)).toThrow(new Error(`${message} [at Pipeline/Alerts]`));
  });
});
