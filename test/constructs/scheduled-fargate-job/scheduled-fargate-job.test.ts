import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  JobSupervision,
  PipelineAlarms,
  ScheduledFargateJob,
  SpotStrategy,
  type ScheduledFargateJobProps,
} from '../../../src';
import { createTestApp, image, resourceCount, synth, type TestApp } from '../../support/cdk-stacks';

const schedule = ScheduleExpression.cron({ hour: '2', minute: '30', timeZone: TimeZone.EUROPE_BERLIN });
const supervision = JobSupervision.stepFunctions();

function createJob(
  props: Partial<ScheduledFargateJobProps> = {},
  test: TestApp = createTestApp(),
): ScheduledFargateJob {
  return new ScheduledFargateJob(test.stack, 'Job', { cluster: test.cluster, image, schedule, ...props });
}

function templateOf(props: Partial<ScheduledFargateJobProps> = {}, test: TestApp = createTestApp()): Template {
  createJob(props, test);
  return synth(test);
}

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly [field: string]: unknown;
}
interface Definition {
  readonly StartAt: string;
  readonly QueryLanguage: string;
  readonly States: Record<string, State>;
}

/** The state machine, with every reference as its JSON. */
function definitionOf(template: Template): Definition {
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as {
    Properties: { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  }[];
  const text = machine.Properties.DefinitionString['Fn::Join'][1]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/"/g, "'")))
    .join('');
  return JSON.parse(text) as Definition;
}

/** Permission for one revision would end with the next deployment. */
const everyRevision = {
  'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':task-definition/PipelineJobTaskDefinition.*:\\*$')])],
};

describe('ScheduledFargateJob with defaults', () => {
  const template = templateOf();

  it('adds 13 resources, none of them a function', () => {
    expect(resourceCount(template)).toBe(13);
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 0);
  });

  it('starts a task at its time in its time zone, tries for an hour and keeps what could not be started', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(30 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        EcsParameters: {
          CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE', Weight: 1 }],
          LaunchType: Match.absent(),
          EnableECSManagedTags: true,
          PropagateTags: 'TASK_DEFINITION',
          TaskDefinitionArn: { Ref: Match.stringLikeRegexp('^JobTaskDefinition') },
          NetworkConfiguration: {
            AwsvpcConfiguration: {
              AssignPublicIp: 'DISABLED',
              SecurityGroups: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^JobSecurityGroup'), 'GroupId'] }],
            },
          },
        },
        RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 185 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^JobDeadLetterQueue'), 'Arn'] } },
      },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp(
        '^Runs of Pipeline/Job could not be started and are in its dead-letter queue',
      ),
    });
  });

  it('tells the container why it runs', () => {
    const [found] = Object.values(template.findResources('AWS::Scheduler::Schedule')) as {
      Properties: { Target: { Input: string } };
    }[];
    expect(JSON.parse(found.Properties.Target.Input)).toEqual({
      containerOverrides: [
        {
          name: 'Job',
          environment: [
            { name: 'FILEWORKS_JOB_INPUT', value: '{"scheduledTime":"<aws.scheduler.scheduled-time>"}' },
            { name: 'FILEWORKS_TASK_NAME', value: 'Pipeline/Job' },
          ],
        },
      ],
    });
  });

  it('keeps replaced revisions, which runs from before a deployment still need', () => {
    template.hasResource('AWS::ECS::TaskDefinition', { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Delete' });
  });

  it('lets the schedule start this task and no other', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^SchedulerRoleForTarget') }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'iam:PassRole',
            Resource: [
              { 'Fn::GetAtt': [Match.stringLikeRegexp('^JobTaskDefinitionTaskRole'), 'Arn'] },
              { 'Fn::GetAtt': [Match.stringLikeRegexp('^JobTaskDefinitionExecutionRole'), 'Arn'] },
            ],
            Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
          },
          {
            Effect: 'Allow',
            Action: 'ecs:RunTask',
            Resource: everyRevision,
            Condition: { ArnEquals: { 'ecs:cluster': Match.anyValue() } },
          },
          {
            Effect: 'Allow',
            Action: 'ecs:TagResource',
            Resource: {
              'Fn::Join': ['', Match.arrayWith([':task/', Match.objectLike({}), '/*'])],
            },
            Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
          },
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^JobDeadLetterQueue'), 'Arn'] },
          },
        ],
      },
    });
  });

  it('runs a container with a read-only root, a writable /tmp and 120 seconds to stop', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512',
      Memory: '1024',
      ContainerDefinitions: [
        Match.objectLike({
          Name: 'Job',
          ReadonlyRootFilesystem: true,
          StopTimeout: 120,
          MountPoints: [Match.objectLike({ ContainerPath: '/tmp' })],
        }),
      ],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });
});

describe('a supervised job', () => {
  const template = templateOf({ supervision });
  const definition = definitionOf(template);

  it('adds 20 resources, its alarms of failed and missed runs among them', () => {
    expect(resourceCount(template)).toBe(20);
  });

  it('is started as an execution with the time that it was scheduled for', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: {
        Arn: { Ref: Match.stringLikeRegexp('^JobStateMachine') },
        Input: '{"scheduledTime":"<aws.scheduler.scheduled-time>"}',
        EcsParameters: Match.absent(),
      },
    });
  });

  it('goes on only as the oldest of the runs at work, and is skipped otherwise', () => {
    expect(definition.QueryLanguage).toBe('JSONata');
    expect(definition.StartAt).toBe('LookForOthers');
    expect(definition.States['LookForOthers']).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::aws-sdk:sfn:listExecutions",
      Arguments: { StateMachineArn: '{% $states.context.StateMachine.Id %}', StatusFilter: 'RUNNING' },
      Next: 'IsOldest',
    });
    expect(definition.States['IsOldest']).toMatchObject({
      Type: 'Choice',
      Choices: [{ Next: 'Supervise' }],
      Default: 'Skipped',
    });
    expect(definition.States['Skipped']).toMatchObject({ Type: 'Succeed', Output: { skipped: true } });
  });

  it('runs the task beside a clock, so that whichever ends first stops the other', () => {
    const { Branches: branches, Catch: caught } = definition.States['Supervise'] as unknown as {
      Branches: Definition[];
      Catch: unknown;
    };
    expect(caught).toMatchObject([
      { ErrorEquals: ['Finished'], Next: 'Done' },
      { ErrorEquals: ['States.ALL'], Next: 'Verdict' },
    ]);
    expect(definition.States['Verdict']).toMatchObject({ Default: 'Failed' });
    expect(definition.States['Failed']).toMatchObject({ Type: 'Fail' });
    expect(branches[0].States['RunTask']).toMatchObject({
      Resource: "arn:{'Ref':'AWS::Partition'}:states:::ecs:runTask.sync",
      Arguments: {
        CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE', Weight: 1 }],
        Overrides: {
          ContainerOverrides: [
            {
              Name: 'Job',
              Environment: [
                { Name: 'FILEWORKS_JOB_INPUT', Value: '{% $string($states.context.Execution.Input) %}' },
                { Name: 'FILEWORKS_TASK_NAME', Value: 'Pipeline/Job' },
                { Name: 'FILEWORKS_UNAVAILABLE_SECONDS' },
              ],
            },
          ],
        },
        NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
      },
      Next: 'TaskEnded',
    });
    expect(branches[0].States['TaskEnded']).toMatchObject({ Type: 'Fail', Error: 'Finished' });
    expect(branches[1].States).toMatchObject({
      Clock: { Type: 'Wait', Seconds: expect.stringContaining('3600') as string, Next: 'TookTooLong' },
      TookTooLong: { Type: 'Fail', Error: 'TookTooLong', Cause: 'The task was not done after 60 minutes' },
    });
  });

  it('lets the state machine start this task, wait for it and stop it, and see its own executions', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^JobStateMachineRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'iam:PassRole',
            Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
          }),
          Match.objectLike({
            Action: 'ecs:RunTask',
            Resource: everyRevision,
            Condition: { ArnEquals: { 'ecs:cluster': Match.anyValue() } },
          }),
          Match.objectLike({
            Action: ['ecs:DescribeTasks', 'ecs:StopTask'],
            Resource: { 'Fn::Join': ['', Match.arrayWith([':task/', '/*'])] },
          }),
          Match.objectLike({ Action: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'] }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'states:ListExecutions',
            Resource: { Ref: Match.stringLikeRegexp('^JobStateMachine') },
          },
        ],
      },
    });
  });

  it('is in ALARM when a run has failed, was stopped or took too long', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^A run of Pipeline/Job failed after its retries, or took too long'),
      Threshold: 1,
      // Minutes whose data is late are filled too
      EvaluationPeriods: 5,
      DatapointsToAlarm: 1,
      TreatMissingData: 'notBreaching',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'FILL(failed, 0) + FILL(timedOut, 0) + FILL(aborted, 0)' }),
      ]),
    });
  });

  it('is logged and traced', () => {
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: { Level: 'ALL' },
      TracingConfiguration: { Enabled: true },
      StateMachineType: 'STANDARD',
    });
  });
});

describe('supervision', () => {
  it('has the duration and retries that were asked for', () => {
    const { States: states } = definitionOf(
      templateOf({ supervision: JobSupervision.stepFunctions({ maxDuration: Duration.hours(6), retries: 5 }) }),
    );
    expect(JSON.stringify(states)).toContain('$max([1, 21600 - ');
    expect(JSON.stringify(states)).toContain('failures < 5 and');
  });

  it('does not look for other runs when they may overlap', () => {
    const template = templateOf({ supervision: JobSupervision.stepFunctions({ allowOverlap: true }) });
    expect(definitionOf(template).StartAt).toBe('Supervise');
    expect(JSON.stringify(template.toJSON())).not.toContain('ListExecutions');
  });
});

it('takes its capacity, window and dates from props', () => {
  const template = templateOf({
    capacity: SpotStrategy.spotOnly(),
    timeWindow: TimeWindow.flexible(Duration.minutes(15)),
    enabled: false,
    start: new Date('2027-01-01T00:00:00Z'),
    end: new Date('2028-01-01T00:00:00Z'),
    maxEventAge: Duration.minutes(5),
    retryAttempts: 3,
  });
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
    State: 'DISABLED',
    StartDate: '2027-01-01T00:00:00.000Z',
    EndDate: '2028-01-01T00:00:00.000Z',
    Target: {
      EcsParameters: { CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }] },
      RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 },
    },
  });
});

it('is deleted before the capacity providers of a cluster in its stack', () => {
  const test = createTestApp();
  const cluster = new ecs.Cluster(test.stack, 'Cluster', { vpc: test.vpc });
  const template = templateOf({ cluster, capacity: SpotStrategy.spotOnly() }, test);
  template.hasResource('AWS::Scheduler::Schedule', {
    DependsOn: Match.arrayWith([Match.stringLikeRegexp('^Cluster')]),
  });
});

it('is in ALARM when no run has succeeded for long, and when there never was one', () => {
  const test = createTestApp();
  PipelineAlarms.of(test.stack).notify(new SnsAction(new Topic(test.stack, 'Topic')));
  const template = templateOf({ supervision, alarmMissedFor: Duration.hours(25) }, test);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ExecutionsSucceeded',
    Period: 3_600,
    EvaluationPeriods: 25,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
  });
  template.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
  });
});

it.each<[string, number | undefined, Partial<ScheduledFargateJobProps>]>([
  ['twice an hourly rate and an hour for the run', 3, { schedule: ScheduleExpression.rate(Duration.hours(1)) }],
  ['two days and an hour for a daily rate', 49, { schedule: ScheduleExpression.rate(Duration.days(1)) }],
  ['nothing beyond a week', undefined, { schedule: ScheduleExpression.rate(Duration.days(4)) }],
  ['a night, an hour and an hour for the run', 26, { schedule: ScheduleExpression.cron({ hour: '2', minute: '0' }) }],
  [
    'a weekend, an hour and two for the run',
    75,
    {
      schedule: ScheduleExpression.cron({ hour: '2', minute: '0', weekDay: 'MON-FRI' }),
      supervision: JobSupervision.stepFunctions({ maxDuration: Duration.hours(2) }),
    },
  ],
  ['nothing for a month', undefined, { schedule: ScheduleExpression.cron({ hour: '2', minute: '0', day: '1' }) }],
  ['nothing for the last day', undefined, { schedule: ScheduleExpression.cron({ hour: '2', minute: '0', day: 'L' }) }],
  ['nothing for a disabled job', undefined, { schedule: ScheduleExpression.rate(Duration.hours(1)), enabled: false }],
  [
    'nothing for zero',
    undefined,
    { schedule: ScheduleExpression.rate(Duration.hours(1)), alarmMissedFor: Duration.hours(0) },
  ],
])('takes a run for missed after %s', (_, hours, props) => {
  const test = createTestApp();
  const job = createJob({ supervision, ...props }, test);
  expect(job.missedAlarm === undefined).toBe(hours === undefined);
  synth(test).resourcePropertiesCountIs(
    'AWS::CloudWatch::Alarm',
    { MetricName: 'ExecutionsSucceeded', EvaluationPeriods: hours },
    hours === undefined ? 0 : 1,
  );
});

it('takes a task definition with the container that it has', () => {
  const test = createTestApp();
  const taskDefinition = new ecs.FargateTaskDefinition(test.stack, 'Task');
  const container = taskDefinition.addContainer('Main', { image });
  const job = createJob({ taskDefinition, image: undefined }, test);
  expect(job.container).toBe(container);
  synth(test).resourceCountIs('AWS::ECS::TaskDefinition', 1);
});

it('can be granted what its code needs, and is reached through its connections', () => {
  const test = createTestApp();
  const job = createJob({}, test);
  new s3.Bucket(test.stack, 'Bucket').grantRead(job);
  expect(job.connections.securityGroups).toHaveLength(1);
  synth(test).hasResourceProperties('AWS::IAM::Policy', {
    Roles: [{ Ref: Match.stringLikeRegexp('^JobTaskDefinitionTaskRole') }],
  });
});

describe('grantRun', () => {
  const operator = (stack: Stack) => new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });

  it('lets an operator start a supervised run', () => {
    const test = createTestApp();
    createJob({ supervision }, test).grantRun(operator(test.stack));
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Operator') }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'states:StartExecution',
            Resource: { Ref: Match.stringLikeRegexp('^JobStateMachine') },
          },
        ],
      },
    });
  });

  it('lets an operator start the task in its cluster otherwise', () => {
    const test = createTestApp();
    createJob({}, test).grantRun(operator(test.stack));
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Operator') }],
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 'iam:PassRole',
            Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
          }),
          Match.objectLike({ Action: 'ecs:RunTask', Condition: { ArnEquals: { 'ecs:cluster': Match.anyValue() } } }),
          Match.objectLike({ Action: 'ecs:TagResource' }),
        ],
      },
    });
  });
});

it('knows its failed runs only when it is supervised', () => {
  expect(createJob().metricFailedRuns()).toBeUndefined();
  expect(createJob({ supervision }).metricFailedRuns()?.label).toBe('Failed runs');
});

describe('throws', () => {
  it.each<[string, (test: TestApp) => Partial<ScheduledFargateJobProps>, string]>([
    [
      'without an image',
      () => ({ image: undefined }),
      'image is missing; set image, or taskDefinition with a container',
    ],
    [
      'for an image beside a task definition',
      ({ stack }) => ({ taskDefinition: new ecs.FargateTaskDefinition(stack, 'Task') }),
      'image cannot be set together with taskDefinition; set them where the task definition is created',
    ],
    [
      'for a task definition without container',
      ({ stack }) => ({ image: undefined, taskDefinition: new ecs.FargateTaskDefinition(stack, 'Task') }),
      'taskDefinition needs an essential container; call addContainer first',
    ],
    [
      'for a size that Fargate does not have',
      () => ({ cpu: 512, memoryLimitMiB: 512 }),
      'memoryLimitMiB must be one of 1024, 2048, 3072, 4096 when cpu is 512, got: 512; Fargate offers no other sizes',
    ],
    [
      'for a long stop',
      () => ({ stopTimeout: Duration.minutes(3) }),
      'stopTimeout must be a whole number of seconds from 2 to 120, got: 180',
    ],
    [
      'for a retention of a log group that is there',
      ({ stack }) => ({ logGroup: new logs.LogGroup(stack, 'Log'), logRetention: logs.RetentionDays.ONE_DAY }),
      'logRetention cannot be set together with logGroup; set it where the log group is created',
    ],
    [
      'for an alarm that nobody could ring',
      () => ({ alarmMissedFor: Duration.days(1) }),
      'alarmMissedFor needs supervision, which reports successful runs; set supervision: JobSupervision.stepFunctions()',
    ],
    [
      'for an alarm in parts of an hour',
      () => ({ supervision, alarmMissedFor: Duration.minutes(90) }),
      'alarmMissedFor must be a whole number of hours from 1 to 168, got: 1.5',
    ],
    [
      'for too many retries',
      () => ({ retryAttempts: 186 }),
      'retryAttempts must be a whole number from 0 to 185, got: 186',
    ],
  ])('%s', (_, props, message) => {
    const test = createTestApp();
    expect(() => createJob(props(test), test)).toThrow(new Error(`${message} [at Pipeline/Job]`));
  });

  it('for a duration that is none', () => {
    expect(() => JobSupervision.stepFunctions({ maxDuration: Duration.days(8) })).toThrow(
      new Error('maxDuration must be a whole number of seconds from 60 to 604800, got: 691200'),
    );
    expect(() => JobSupervision.stepFunctions({ maxDependencyWait: Duration.days(8) })).toThrow(
      new Error('maxDependencyWait must be a whole number of seconds from 60 to 604800, got: 691200'),
    );
    expect(() => JobSupervision.stepFunctions({ retries: 11 })).toThrow(
      new Error('retries must be a whole number from 0 to 10, got: 11'),
    );
  });
});
