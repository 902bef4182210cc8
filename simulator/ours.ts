import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import * as fileworks from '../lib/index.js';
import type { AddService } from './compare/stacks.ts';
import { createExportStacks } from './exports/stacks.ts';

/** Our worker, as it is compiled, with its own defaults and a wake-up. */
export const addFileworks: AddService = (stack, cluster, { maxTasks, slots, cpu, memoryLimitMiB }) => {
  new fileworks.QueueScaledFargateWorker(stack, 'Worker', {
    cluster,
    cpu,
    memoryLimitMiB,
    maxTasks,
    image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable'),
    concurrency: slots,
    wake: fileworks.WakeUp.onArrival(),
  });
};

export const exportStacks = createExportStacks(fileworks);
