import { App, Duration, Stack } from 'aws-cdk-lib';
import { AdjustmentType } from 'aws-cdk-lib/aws-applicationautoscaling';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { simulate, type SimulationResult } from '../../simulator/engine/simulation';
import { defaultParameters, type Parameters } from '../../simulator/parameters';
import type { Scaling } from '../../simulator/template/read-scaling';
import type { Worker } from '../../simulator/template/read-worker';
import type { Template } from '../../simulator/template/template';
import type { Stream, Workload } from '../../simulator/workload';

/** An on-demand task of one vCPU and 2 GiB that runs one job at a time. */
export const plainWorker: Worker = {
  service: 'Service',
  vcpu: 1,
  memoryGiB: 2,
  extraStorageGiB: 0,
  architecture: 'X86_64',
  capacity: [{ spot: false, base: 0, weight: 1 }],
  stopTimeoutSeconds: 30,
  slots: 1,
  protection: false,
  wake: 'off',
};

/** Scaling that does nothing: the number of tasks is fixed. */
export function fixedScaling(tasks: number): Scaling {
  return {
    target: {
      resourceId: 'service/c/Service',
      cluster: 'c',
      service: 'Service',
      minCapacity: tasks,
      maxCapacity: tasks,
    },
    policies: [],
    alarms: [],
    queue: { name: 'Queue', maxReceiveCount: Infinity },
    customMetrics: [],
    notes: [],
  };
}

/** Parameters without randomness, except that of the jobs. */
export const calm: Parameters = {
  ...defaultParameters,
  spotReclaimsPerTaskHour: 0,
  taskStartMedianSeconds: 30,
  taskStartP95Seconds: 30,
};

export function dayOf(streams: readonly Stream[], hours = 24): Workload {
  return { name: 'test', description: 'test', hours, cpuPerJob: 0.5, streams };
}

/** Single jobs, each with its second of arrival and its processing time. */
export function jobsAt(...jobs: readonly (readonly [atSecond: number, workSeconds: number])[]): Workload {
  return dayOf(
    jobs.map(([at, work]) => ({
      count: 1,
      atHour: at / 3_600,
      overMinutes: 1e-9,
      duration: { distribution: 'loguniform', fromSeconds: work, toSeconds: work },
    })),
    2,
  );
}

/** A service from zero to four tasks that scales on the visible messages, with those in flight or without. */
export function scaledTemplate(follows: 'backlog' | 'visible' = 'backlog'): Template {
  const app = new App();
  const stack = new Stack(app, 'Scaled');
  const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
  const taskDefinition = new FargateTaskDefinition(stack, 'Task', { cpu: 1_024, memoryLimitMiB: 2_048 });
  taskDefinition.addContainer('worker', { image: ContainerImage.fromRegistry('worker') });
  const service = new FargateService(stack, 'Service', { cluster, taskDefinition });
  const queue = new Queue(stack, 'Jobs');
  const each = { period: Duration.minutes(1), statistic: 'Maximum' };
  const usingMetrics = {
    visible: queue.metricApproximateNumberOfMessagesVisible(each),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible(each),
  };
  service.autoScaleTaskCount({ minCapacity: 0, maxCapacity: 4 }).scaleOnMetric('Backlog', {
    metric:
      follows === 'visible'
        ? usingMetrics.visible
        : new MathExpression({ expression: 'visible + inFlight', usingMetrics, period: each.period }),
    adjustmentType: AdjustmentType.EXACT_CAPACITY,
    cooldown: Duration.minutes(1),
    scalingSteps: [
      { upper: 0, change: 0 },
      { lower: 1, change: 1 },
      { lower: 2, change: 2 },
      { lower: 3, change: 4 },
    ],
  });
  return app.synth().getStackByName('Scaled').template as Template;
}

export function run(
  worker: Worker,
  scaling: Scaling,
  workload: Workload,
  parameters: Parameters = calm,
  seed = 1,
): SimulationResult {
  return simulate({ worker, scaling, workload, parameters, seed });
}
