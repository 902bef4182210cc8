import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import * as sources from '../../src';
import { QueueScaledFargateWorker, WakeUp } from '../../src';
import type { AddService } from '../../simulator/compare/stacks';
import { createExportStacks } from '../../simulator/exports/stacks';

/** Our worker with its own defaults and a wake-up, from the sources in place of the compiled package. */
export const addFileworks: AddService = (stack, cluster, { maxTasks, slots, cpu, memoryLimitMiB }) => {
  new QueueScaledFargateWorker(stack, 'Worker', {
    cluster,
    cpu,
    memoryLimitMiB,
    maxTasks,
    concurrency: slots,
    image: ContainerImage.fromRegistry('worker'),
    wake: WakeUp.onArrival(),
  });
};

/** To the compiler, a class of the package is another one than its source. */
export const exportStacks = createExportStacks(sources as unknown as Parameters<typeof createExportStacks>[0]);
