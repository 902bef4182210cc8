import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Duration } from 'aws-cdk-lib';
import { FileIngestBucket, IngestTarget, PipelineAlarms, QueueScaling, WakeUp } from '../../../src';
import { WakeUpMessage } from '../../../src/contract/wake-up';
import { createTestApp, createWorker, resourceCount, synth } from '../../support/cdk-stacks';

const wake = WakeUp.onArrival();

function functionOf(template: Template): { readonly Environment: { readonly Variables: Record<string, unknown> } } {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, unknown> } };
  }[];
  return found.Properties;
}

describe('WakeUp.onArrival()', () => {
  const test = createTestApp();
  const worker = createWorker(test, { wake, maxTasks: 40, concurrency: 4 });
  const template = synth(test);

  it('adds two queues with a policy each, two alarms, a function, its log, role and policy, and an event source: 11 resources', () => {
    expect(resourceCount(template)).toBe(21 + 11);
  });

  it('keeps a message that is not done with hidden for a minute, and gives it up after 60 receives', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      FifoQueue: true,
      ContentBasedDeduplication: true,
      VisibilityTimeout: 60,
      MessageRetentionPeriod: 86_400,
      RedrivePolicy: {
        maxReceiveCount: 60,
        deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerWakeUpDeadLetterQueue'), 'Arn'] },
      },
    });
  });

  it('has a function on Node.js 24 that is done well within the visibility timeout', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Timeout: 10,
      Handler: 'index.handler',
      Architectures: ['arm64'],
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('tells the function the queue of jobs, the service and how many tasks there may be', () => {
    expect(functionOf(template).Environment.Variables).toEqual({
      FILEWORKS_QUEUE_URLS: { Ref: expect.stringMatching(/^WorkerQueue/) as string },
      FILEWORKS_SCALABLE_SERVICE: {
        'Fn::Join': [
          '',
          ['service/', expect.anything(), '/', { 'Fn::GetAtt': [expect.stringMatching(/^WorkerService/), 'Name'] }],
        ],
      },
      FILEWORKS_MIN_TASKS: '0',
      FILEWORKS_MAX_TASKS: '40',
      FILEWORKS_MESSAGES_PER_TASK: '4',
    });
  });

  it('lets the function make its calls and no others', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^WorkerWakeUpFunctionRole') }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerWakeUpFunctionLog'), 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: 'sqs:GetQueueAttributes',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerQueue'), 'Arn'] },
          },
          { Effect: 'Allow', Action: 'cloudwatch:GetMetricData', Resource: '*' },
          {
            Effect: 'Allow',
            Action: ['ecs:DescribeServices', 'ecs:UpdateService'],
            Resource: { Ref: Match.stringLikeRegexp('^WorkerService') },
          },
          {
            Effect: 'Allow',
            Action: 'application-autoscaling:RegisterScalableTarget',
            Resource: { 'Fn::Join': ['', Match.arrayWith([':scalable-target/*'])] },
            Condition: {
              StringEquals: {
                'application-autoscaling:service-namespace': 'ecs',
                'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount',
              },
            },
          },
          {
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerWakeUpQueue'), 'Arn'] },
          },
        ],
      },
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [Match.objectLike({ Principal: { Service: 'lambda.amazonaws.com' } })] },
      ManagedPolicyArns: Match.absent(),
    });
  });

  it('shows its queue and alarm', () => {
    expect(worker.wakeUpQueue?.node.path).toBe('Pipeline/Worker/WakeUp/Queue');
    expect(worker.wakeUpAlarm?.node.path).toBe('Pipeline/Worker/WakeUp/DeadLetterAlarm');
  });
});

describe('a worker with a wake-up', () => {
  it('is woken by each route, with a constant message in one group, after the same retries and into the same dead-letter queue', () => {
    const test = createTestApp();
    new FileIngestBucket(test.stack, 'Inbox').addRoute('Archives', {
      target: IngestTarget.worker(createWorker(test, { wake })),
    });
    synth(test).hasResourceProperties('AWS::Events::Rule', {
      Targets: [
        Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerQueue'), 'Arn'] } }),
        {
          Id: 'Target1',
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerWakeUpQueue'), 'Arn'] },
          Input: JSON.stringify(WakeUpMessage.body),
          SqsParameters: { MessageGroupId: WakeUpMessage.groupId },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^InboxDeadLetterQueue'), 'Arn'] } },
        },
      ],
    });
  });

  it.each([
    ['exact with messages for each task', QueueScaling.exact({ messagesPerTask: 10 }), '10'],
    ['exact', QueueScaling.exact(), '2'],
    ['a latency', QueueScaling.latency({ acceptable: Duration.minutes(5), perMessage: Duration.minutes(2) }), '5'],
    ['a backlog for each task', QueueScaling.backlogPerTask({ messagesPerTask: 0.5 }), '0.5'],
    ['none', QueueScaling.none(), '2'],
  ])('counts tasks as its scaling does: %s', (_, scaling, messagesPerTask) => {
    const test = createTestApp();
    createWorker(test, { wake, scaling, concurrency: 2 });
    expect(functionOf(synth(test)).Environment.Variables['FILEWORKS_MESSAGES_PER_TASK']).toBe(messagesPerTask);
  });

  it('sends its alarm where the others go', () => {
    const test = createTestApp();
    PipelineAlarms.of(test.stack).notify(new SnsAction(new Topic(test.stack, 'Topic')));
    createWorker(test, { wake });
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^Wake-ups of Pipeline/Worker fail'),
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    });
  });

  it('lets producers send a wake-up and nothing else', () => {
    const test = createTestApp();
    const producer = new iam.Role(test.stack, 'Producer', {
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    createWorker(test, { wake }).grantWake(producer);
    synth(test).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Producer') }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerWakeUpQueue'), 'Arn'] },
          },
        ],
      },
    });
  });

  it('throws when a schedule would set the fewest tasks too', () => {
    const worker = createWorker(createTestApp(), { wake });
    expect(() => {
      worker.scaleOnSchedule('Morning', { schedule: Schedule.cron({ hour: '6' }), minTasks: 5 });
    }).toThrow(
      new Error(
        'scaleOnSchedule cannot be used together with WakeUp.onArrival(), which raises the minimum task count and then resets it to minTasks, whatever a schedule has set; omit wake, or let it start the tasks when files arrive [at Pipeline/Worker]',
      ),
    );
  });
});

it('throws when a worker without a wake-up should be woken', () => {
  const test = createTestApp();
  const producer = new iam.Role(test.stack, 'Producer', {
    assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
  });
  expect(() => createWorker(test, { wake: WakeUp.none() }).grantWake(producer)).toThrow(
    new Error('grantWake needs wake: WakeUp.onArrival(); set it on the worker [at Pipeline/Worker]'),
  );
});
