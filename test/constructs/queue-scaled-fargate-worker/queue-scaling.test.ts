import { Duration, TimeZone } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as fc from 'fast-check';
import {
  QueueScaling,
  type QueueScaledFargateWorkerProps,
  type QueueScalingBindOptions,
  type ScheduledTaskCountOptions,
} from '../../../src';
import type { Construct } from 'constructs';
import { capacityLevels } from '../../../src/constructs/queue-scaled-fargate-worker/private/capacity-levels';
import { createTestApp, createWorker, synth, type TestApp } from '../../support/cdk-stacks';

interface Step {
  readonly MetricIntervalLowerBound?: number;
  readonly MetricIntervalUpperBound?: number;
  readonly ScalingAdjustment: number;
}

interface PolicyResource {
  readonly Properties: { readonly StepScalingPolicyConfiguration: { readonly StepAdjustments: readonly Step[] } };
}

interface AlarmResource {
  readonly Properties: {
    readonly ComparisonOperator: string;
    readonly Threshold: number;
    readonly AlarmActions: readonly { readonly Ref: string }[];
  };
}

/** The tasks that the template asks for at a backlog, as CloudWatch and Application Auto Scaling read it. */
function tasksFor(props: Partial<QueueScaledFargateWorkerProps>): (backlog: number) => number | undefined {
  const test = createTestApp();
  createWorker(test, props);
  const template = synth(test);
  const policies = template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy') as Record<
    string,
    PolicyResource
  >;
  const alarms = Object.values(
    template.findResources('AWS::CloudWatch::Alarm', { Properties: { Metrics: Match.anyValue() } }),
  ) as AlarmResource[];
  return (backlog) => {
    for (const {
      Properties: { ComparisonOperator, Threshold, AlarmActions },
    } of alarms) {
      const above = ComparisonOperator === 'GreaterThanOrEqualToThreshold';
      if (above ? backlog < Threshold : backlog > Threshold) {
        continue;
      }
      const distance = backlog - Threshold;
      const steps = policies[AlarmActions[0].Ref].Properties.StepScalingPolicyConfiguration.StepAdjustments;
      return steps.find(
        ({ MetricIntervalLowerBound: lower = -Infinity, MetricIntervalUpperBound: upper = Infinity }) =>
          above ? distance >= lower && distance < upper : distance > lower && distance <= upper,
      )?.ScalingAdjustment;
    }
    return undefined;
  };
}

describe('QueueScaling.exact', () => {
  it('asks for one task for each message, up to the most', () => {
    const tasks = tasksFor({ maxTasks: 4 });
    expect([0, 1, 2, 3, 4, 5, 1_000].map(tasks)).toEqual([0, 1, 2, 3, 4, 4, 4]);
  });

  it('asks for as many tasks as the jobs fill', () => {
    const tasks = tasksFor({ maxTasks: 3, concurrency: 10 });
    expect([0, 1, 10, 11, 20, 21, 30, 31].map(tasks)).toEqual([0, 1, 1, 2, 2, 3, 3, 3]);
  });

  it('counts by messagesPerTask where it is given', () => {
    const tasks = tasksFor({ maxTasks: 3, concurrency: 10, scaling: QueueScaling.exact({ messagesPerTask: 2 }) });
    expect([1, 2, 3, 4, 5, 100].map(tasks)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('keeps the fewest tasks', () => {
    const tasks = tasksFor({ minTasks: 2, maxTasks: 4 });
    expect([0, 1, 2, 3, 4, 5].map(tasks)).toEqual([2, 2, 2, 3, 4, 4]);
  });

  it('never asks for fewer tasks than the backlog needs, nor for many more, when there are more than 20 numbers', () => {
    const tasks = tasksFor({ maxTasks: 500, concurrency: 2 });
    for (let backlog = 1; backlog <= 1_000; backlog++) {
      const needed = Math.ceil(backlog / 2);
      expect(tasks(backlog)).toBeGreaterThanOrEqual(needed);
      // 20 levels from 1 to 500 are a factor of 1.39 apart; near the start they are one task apart.
      expect(tasks(backlog)).toBeLessThanOrEqual(Math.max(needed * 1.39 + 1, needed + 1));
    }
    expect(tasks(5_000)).toBe(500);
  });

  it('goes idle after three empty minutes, and after as many as it is told', () => {
    const idle = { ComparisonOperator: 'LessThanOrEqualToThreshold', Threshold: 0, TreatMissingData: 'notBreaching' };
    const byDefault = createTestApp();
    createWorker(byDefault);
    synth(byDefault).hasResourceProperties('AWS::CloudWatch::Alarm', { ...idle, EvaluationPeriods: 3 });

    const longer = createTestApp();
    createWorker(longer, { scaling: QueueScaling.exact({ idleMinutes: 60 }) });
    synth(longer).hasResourceProperties('AWS::CloudWatch::Alarm', { ...idle, EvaluationPeriods: 60 });
  });

  it('follows waiting and in-flight messages each minute', () => {
    const test = createTestApp();
    createWorker(test);
    synth(test).hasResourceProperties('AWS::CloudWatch::Alarm', {
      EvaluationPeriods: 1,
      Metrics: [
        Match.objectLike({
          Expression: 'IF(FILL(unavailable, 0) >= 600, 1, visible + FILL(inFlight, 0))',
          ReturnData: true,
        }),
        Match.objectLike({ Id: 'visible', MetricStat: Match.objectLike({ Period: 60, Stat: 'Maximum' }) }),
        Match.objectLike({ Id: 'inFlight', MetricStat: Match.objectLike({ Period: 60, Stat: 'Maximum' }) }),
        Match.objectLike({
          Id: 'unavailable',
          MetricStat: Match.objectLike({
            Stat: 'Maximum',
            Metric: Match.objectLike({ Namespace: 'Fileworks', MetricName: 'DependencyUnavailableTime' }),
          }),
        }),
      ],
    });
  });

  it.each([
    ['messagesPerTask must be a whole number 1 or more, got: 0', { messagesPerTask: 0 }],
    ['messagesPerTask must be a whole number 1 or more, got: 1.5', { messagesPerTask: 1.5 }],
    ['idleMinutes must be a whole number from 1 to 60, got: 61', { idleMinutes: 61 }],
  ])('throws: %s', (message, options) => {
    expect(() => QueueScaling.exact(options)).toThrow(new Error(message));
  });
});

describe('QueueScaling.backlogPerTask', () => {
  const insights = (test: TestApp) => ({
    cluster: new ecs.Cluster(test.shared, 'Seen', {
      vpc: test.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    }),
  });
  const tracks = (targetValue: number) => ({
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: Match.objectLike({ TargetValue: targetValue }),
  });

  it('tracks messages for each running task, counting those in work', () => {
    const test = createTestApp();
    createWorker(test, { ...insights(test), concurrency: 4, scaling: QueueScaling.backlogPerTask() });
    const template = synth(test);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 4,
        ScaleOutCooldown: 60,
        ScaleInCooldown: 300,
        CustomizedMetricSpecification: {
          Metrics: [
            Match.objectLike({
              Id: 'visible',
              ReturnData: false,
              MetricStat: {
                Stat: 'Maximum',
                Metric: Match.objectLike({ Namespace: 'AWS/SQS', MetricName: 'ApproximateNumberOfMessagesVisible' }),
              },
            }),
            Match.objectLike({
              Id: 'inFlight',
              ReturnData: false,
              MetricStat: {
                Stat: 'Maximum',
                Metric: Match.objectLike({ MetricName: 'ApproximateNumberOfMessagesNotVisible' }),
              },
            }),
            Match.objectLike({ Id: 'unavailable', ReturnData: false }),
            Match.objectLike({
              Id: 'running',
              ReturnData: false,
              MetricStat: {
                Stat: 'Average',
                Metric: Match.objectLike({ Namespace: 'ECS/ContainerInsights', MetricName: 'RunningTaskCount' }),
              },
            }),
            Match.objectLike({
              Id: 'backlogPerTask',
              ReturnData: true,
              Expression:
                '(IF(FILL(unavailable, 0) >= 600, 1, visible + FILL(inFlight, 0))) / IF(FILL(running, 0) > 0, running, 1)',
            }),
          ],
        },
      },
    });
    Annotations.fromStack(test.stack).hasNoWarning('*', Match.anyValue());
  });

  it('starts a first task out of nothing', () => {
    const test = createTestApp();
    createWorker(test, { ...insights(test), scaling: QueueScaling.backlogPerTask({ messagesPerTask: 10 }) });
    const template = synth(test);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', tracks(10));
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      StepScalingPolicyConfiguration: {
        AdjustmentType: 'ChangeInCapacity',
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
      },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 1,
      Metrics: Match.arrayWith([
        Match.objectLike({
          Expression: 'IF(FILL(running, 0) > 0, 0, IF(FILL(unavailable, 0) >= 600, 1, visible + FILL(inFlight, 0)))',
        }),
      ]),
    });
  });

  it('has no need of that when a task always runs', () => {
    const test = createTestApp();
    createWorker(test, { ...insights(test), minTasks: 1, scaling: QueueScaling.backlogPerTask() });
    synth(test).resourceCountIs('AWS::ApplicationAutoScaling::ScalingPolicy', 1);
  });

  it('warns when the cluster does not report its tasks', () => {
    const test = createTestApp();
    createWorker(test, { scaling: QueueScaling.backlogPerTask() });
    synth(test);
    Annotations.fromStack(test.stack).hasWarning(
      '/Pipeline/Worker/Scaling',
      Match.stringLikeRegexp('cdk-fileworks:QueueScaling.containerInsights'),
    );
  });

  it('aims at a waiting time', () => {
    const test = createTestApp();
    const scaling = QueueScaling.latency({ acceptable: Duration.minutes(10), perMessage: Duration.seconds(30) });
    createWorker(test, { ...insights(test), concurrency: 2, scaling });
    synth(test).hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', tracks(40));
  });

  it.each<[string, () => QueueScaling]>([
    ['messagesPerTask must be more than 0, got: 0', () => QueueScaling.backlogPerTask({ messagesPerTask: 0 })],
    [
      'perMessage must be a whole number of seconds 1 or more, got: 0',
      () => QueueScaling.latency({ acceptable: Duration.minutes(1), perMessage: Duration.seconds(0) }),
    ],
    [
      'acceptable cannot be shorter than perMessage, because more tasks do not make one message faster, got: 1 minute and 2 minutes',
      () => QueueScaling.latency({ acceptable: Duration.minutes(1), perMessage: Duration.minutes(2) }),
    ],
  ])('throws: %s', (message, create) => {
    expect(create).toThrow(new Error(message));
  });
});

describe('QueueScaling.none', () => {
  it('creates no policy and keeps the scalable target', () => {
    const test = createTestApp();
    createWorker(test, { scaling: QueueScaling.none() });
    const template = synth(test);
    template.resourceCountIs('AWS::ApplicationAutoScaling::ScalingPolicy', 0);
    template.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 1);
  });
});

describe('QueueScaledFargateWorker.scaleOnSchedule', () => {
  const schedule = appscaling.Schedule.cron({ hour: '6', minute: '30' });

  it('changes the fewest and most tasks in a time zone', () => {
    const test = createTestApp();
    createWorker(test).scaleOnSchedule('Morning', {
      schedule,
      timeZone: TimeZone.EUROPE_BERLIN,
      minTasks: 2,
      maxTasks: 10,
    });
    synth(test).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      ScheduledActions: [
        {
          Schedule: 'cron(30 6 * * ? *)',
          Timezone: 'Europe/Berlin',
          ScheduledActionName: 'Morning',
          ScalableTargetAction: { MinCapacity: 2, MaxCapacity: 10 },
        },
      ],
    });
  });

  it.each<[string, Omit<ScheduledTaskCountOptions, 'schedule'>]>([
    ['minTasks or maxTasks is missing; set at least one of them', {}],
    ['maxTasks must be a whole number from 0 to 10, got: 11', { maxTasks: 11 }],
    ['minTasks must be a whole number from 0 to 10, got: 11', { minTasks: 11 }],
    ['maxTasks must be a whole number from 3 to 10, got: 2', { minTasks: 3, maxTasks: 2 }],
  ])('throws: %s', (message, options) => {
    const worker = createWorker(createTestApp());
    expect(() => {
      worker.scaleOnSchedule('Night', { schedule, ...options });
    }).toThrow(new Error(`${message} [at Pipeline/Worker]`));
  });
});

describe('QueueScaledFargateWorker.scaleOnCpuUtilization and scaleOnMemoryUtilization', () => {
  it('add tasks, and take none away unless asked', () => {
    const test = createTestApp();
    const worker = createWorker(test, { scaling: QueueScaling.none() });
    worker.scaleOnCpuUtilization({ targetPercent: 70 });
    worker.scaleOnMemoryUtilization({ targetPercent: 80, allowScaleIn: true, scaleOutCooldown: Duration.minutes(2) });
    const template = synth(test);
    const tracking = (PredefinedMetricType: string, rest: object) => ({
      TargetTrackingScalingPolicyConfiguration: { PredefinedMetricSpecification: { PredefinedMetricType }, ...rest },
    });
    template.hasResourceProperties(
      'AWS::ApplicationAutoScaling::ScalingPolicy',
      tracking('ECSServiceAverageCPUUtilization', { TargetValue: 70, DisableScaleIn: true, ScaleOutCooldown: 60 }),
    );
    template.hasResourceProperties(
      'AWS::ApplicationAutoScaling::ScalingPolicy',
      tracking('ECSServiceAverageMemoryUtilization', { TargetValue: 80, DisableScaleIn: false, ScaleOutCooldown: 120 }),
    );
  });

  it('throw when the exact scaling would undo them', () => {
    const worker = createWorker(createTestApp());
    expect(() => {
      worker.scaleOnCpuUtilization({ targetPercent: 70 });
    }).toThrow(
      new Error(
        'scaleOnCpuUtilization cannot be used with QueueScaling.exact(), which would remove the added tasks within a minute; use QueueScaling.backlogPerTask() [at Pipeline/Worker]',
      ),
    );
  });

  it('throw for a target that is no percentage', () => {
    const worker = createWorker(createTestApp(), { scaling: QueueScaling.none() });
    expect(() => {
      worker.scaleOnMemoryUtilization({ targetPercent: 101 });
    }).toThrow('targetPercent must be a whole number from 1 to 100, got: 101 [at Pipeline/Worker]');
  });
});

describe('QueueScaling of a user', () => {
  it('is given all it needs', () => {
    class ByHour extends QueueScaling {
      bind(_: Construct, { taskCount, maxTasks }: QueueScalingBindOptions): void {
        taskCount.scaleOnSchedule('Morning', {
          schedule: appscaling.Schedule.cron({ hour: '6', minute: '0' }),
          minCapacity: maxTasks,
        });
      }
    }
    const test = createTestApp();
    createWorker(test, { scaling: new ByHour(), maxTasks: 7 });
    synth(test).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      ScheduledActions: [Match.objectLike({ ScalableTargetAction: { MinCapacity: 7 } })],
    });
  });
});

describe('capacityLevels', () => {
  it('rises strictly from the first to the last in at most so many steps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 2, max: 40 }),
        (first, more, steps) => {
          const levels = capacityLevels(first, first + more, steps);
          expect(levels[0]).toBe(first);
          expect(levels.at(-1)).toBe(first + more);
          expect(levels).toHaveLength(Math.min(more + 1, steps));
          expect(levels.slice(1).every((level, index) => level > (levels[index] ?? Infinity))).toBe(true);
        },
      ),
    );
  });
});
