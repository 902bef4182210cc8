import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { QueueScaledFargateWorker, WakeUp } from '../../src/constructs/queue-scaled-fargate-worker';
import type { AddService } from '../../simulator/compare/stacks';

/** Our worker with its own defaults and a wake-up, from the sources in place of the compiled package. */
export const addFileworks: AddService = (stack, cluster, { maxTasks, slots, cpu, memoryLimitMiB }) => {
  new QueueScaledFargateWorker(stack, 'Worker', { cluster, cpu, memoryLimitMiB, maxTasks, concurrency: slots, image: ContainerImage.fromRegistry('worker'), wake: WakeUp.onArrival() });
};
