import { Match } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { PipelineAlarms, SpotStrategy } from '../../../src';
import { createTestApp, createWorker, resourceCount, synth } from '../../support/cdk-stacks';

describe('fallbackToOnDemand', () => {
  const test = createTestApp();
  PipelineAlarms.of(test.stack).notify(new SnsAction(new Topic(test.stack, 'Topic')));
  const worker = createWorker(test, {
    fallbackToOnDemand: true,
    capacity: SpotStrategy.spotAbove(2),
  });
  const template = synth(test);

  it('hears of placements on Spot that fail for want of capacity, of this service alone', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.ecs'],
        'detail-type': ['ECS Service Action'],
        resources: [{ Ref: Match.stringLikeRegexp('^WorkerService') }],
        detail: {
          eventName: ['SERVICE_TASK_PLACEMENT_FAILURE'],
          reason: ['RESOURCE:FARGATE'],
          capacityProviderArns: [{ suffix: ':capacity-provider/FARGATE_SPOT' }],
        },
      },
      Targets: [
        {
          Input: '{"spotUnavailable":true}',
          SqsParameters: { MessageGroupId: 'spot-fallback' },
          DeadLetterConfig: Match.anyValue(),
        },
      ],
    });
  });

  it('lets one failure through in five minutes, and gives up what fails for long', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      ContentBasedDeduplication: true,
      VisibilityTimeout: 60,
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 60 }),
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('tells the function the strategy to come back to', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          FILEWORKS_SERVICE: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkerService'), 'Name'] },
          FILEWORKS_CAPACITY_STRATEGY:
            '[{"capacityProvider":"FARGATE","base":2,"weight":0},{"capacityProvider":"FARGATE_SPOT","weight":1}]',
          FILEWORKS_HOLD_SECONDS: '3600',
        },
      },
    });
  });

  it('lets the function update this service and nothing else', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Action: ['ecs:DescribeServices', 'ecs:UpdateService'],
            Effect: 'Allow',
            Resource: { Ref: Match.stringLikeRegexp('^WorkerService') },
          },
        ]),
      },
    });
  });

  it('has a metric of the fallback, and alarms that tell when it fails', () => {
    expect(test.stack.resolve(worker.metricOnDemandFallback()?.dimensions)).toEqual({
      QueueName: { 'Fn::GetAtt': [expect.stringMatching(/^WorkerSpotFallbackQueue/) as string, 'QueueName'] },
    });
    expect(worker.onDemandFallbackAlarm?.alarmArn).toBeDefined();
    const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).filter(([id]) =>
      id.startsWith('WorkerSpotFallback'),
    );
    expect(alarms).toHaveLength(3);
    for (const [, { Properties }] of alarms) {
      expect(Properties).toMatchObject({ AlarmActions: [{ Ref: expect.stringMatching(/^Topic/) as string }] });
    }
  });
});

it('is off by default, and adds nothing', () => {
  const [without, off] = [createTestApp(), createTestApp()];
  const worker = createWorker(without);
  createWorker(off, { fallbackToOnDemand: false });
  expect(resourceCount(synth(without))).toBe(resourceCount(synth(off)));
  expect([worker.onDemandFallbackAlarm, worker.metricOnDemandFallback()]).toEqual([undefined, undefined]);
});

it('throws without Spot', () => {
  expect(() => createWorker(createTestApp(), { fallbackToOnDemand: true, capacity: SpotStrategy.onDemand() })).toThrow(
    'fallbackToOnDemand needs capacity with Spot, such as SpotStrategy.spotOnly(); otherwise omit it',
  );
});
