import { App, Duration, Stack } from 'aws-cdk-lib';
import { CfnScalingPolicy, ScalableTarget, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { QueueProcessingFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Template } from '../template/template.ts';

/** The settings that all stacks of a comparison share. */
export interface Common {
  readonly maxTasks: number;
  /** Jobs that a task runs at the same time. */
  readonly slots: number;
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  /** Average processing time of a job, an input of a backlog target. */
  readonly processingSeconds: number;
  /** The longest acceptable wait, in seconds, an input of a backlog target. */
  readonly acceptableLatencySeconds: number;
}

/** Adds the service under test to a stack. */
export type AddService = (stack: Stack, cluster: Cluster, common: Common) => void;

const image = () => ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable');
const spotOnly = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }];

/** The service of aws-ecs-patterns with its default scaling. */
export const queueProcessingDefault: AddService = (stack, cluster, { maxTasks, cpu, memoryLimitMiB }) => {
  new QueueProcessingFargateService(stack, 'Peer', {
    cluster,
    image: image(),
    cpu,
    memoryLimitMiB,
    maxScalingCapacity: maxTasks,
    capacityProviderStrategies: spotOnly,
  });
};

/**
 * The same service as experienced users tune it: from zero, no scaling by CPU, steps that grow with the queue, a
 * cooldown of one minute.
 */
export const queueProcessingTuned: AddService = (stack, cluster, { maxTasks, cpu, memoryLimitMiB }) => {
  new QueueProcessingFargateService(stack, 'Peer', {
    cluster,
    image: image(),
    cpu,
    memoryLimitMiB,
    capacityProviderStrategies: spotOnly,
    minScalingCapacity: 0,
    maxScalingCapacity: maxTasks,
    disableCpuBasedScaling: true,
    cooldown: Duration.minutes(1),
    scalingSteps: [
      { upper: 0, change: -1 },
      { lower: 1, change: 1 },
      { lower: 10, change: 5 },
      { lower: 100, change: 10 },
      { lower: 500, change: 20 },
    ],
  });
};

/** The metric that the Lambda functions of Copilot and ecs-service-extensions publish each minute. */
export const copilotMetric = 'BacklogPerTask=CEIL(visible / MAX([running, 1]))';

/**
 * The service that Copilot deploys for a worker with `queue_delay`: target tracking of the backlog per task, at least
 * one task.
 */
export const copilotBacklog: AddService = (
  stack,
  cluster,
  { maxTasks, cpu, memoryLimitMiB, processingSeconds, acceptableLatencySeconds },
) => {
  const deadLetterQueue = { queue: new Queue(stack, 'DeadLetters'), maxReceiveCount: 10 };
  new Queue(stack, 'Jobs', { deadLetterQueue });
  const taskDefinition = new FargateTaskDefinition(stack, 'Task', { cpu, memoryLimitMiB });
  taskDefinition.addContainer('worker', { image: image() });
  const service = new FargateService(stack, 'Peer', {
    cluster,
    taskDefinition,
    capacityProviderStrategies: spotOnly,
    minHealthyPercent: 100,
  });
  const target = new ScalableTarget(stack, 'Tasks', {
    serviceNamespace: ServiceNamespace.ECS,
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: `service/${cluster.clusterName}/${service.serviceName}`,
    minCapacity: 1,
    maxCapacity: maxTasks,
  });
  new CfnScalingPolicy(stack, 'Backlog', {
    policyName: 'backlog',
    policyType: 'TargetTrackingScaling',
    scalingTargetId: target.scalableTargetId,
    targetTrackingScalingPolicyConfiguration: {
      targetValue: Math.max(1, acceptableLatencySeconds / processingSeconds),
      scaleInCooldown: 120,
      scaleOutCooldown: 60,
      customizedMetricSpecification: {
        namespace: 'app-env-worker',
        metricName: 'BacklogPerTask',
        statistic: 'Average',
        dimensions: [{ name: 'QueueName', value: 'worker-EventsQueue' }],
        unit: 'Count',
      },
    },
  });
};

/** Synthesizes a service in a stack of its own. */
export function synthesize(name: string, add: AddService, common: Common): Template {
  const app = new App();
  const stack = new Stack(app, name, { env: { account: '000000000000', region: 'us-east-1' } });
  const cluster = new Cluster(stack, 'Cluster', {
    vpc: new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
    enableFargateCapacityProviders: true,
  });
  add(stack, cluster, common);
  return app.synth().getStackByName(name).template as Template;
}
