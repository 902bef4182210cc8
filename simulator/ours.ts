import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { QueueScaledFargateWorker, WakeUp } from '../lib/index.js';
import type { AddService } from './compare/stacks.ts';

/** Our worker from the compiled package, with its defaults and a wake-up. */
export const addFileworks: AddService = (stack, cluster, { maxTasks, slots, cpu, memoryLimitMiB }) => {
  new QueueScaledFargateWorker(stack, 'Worker', {
    cluster,
    cpu,
    memoryLimitMiB,
    maxTasks,
    image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable'),
    concurrency: slots,
    wake: WakeUp.onArrival(),
  });
};
