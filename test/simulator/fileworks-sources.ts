import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { ExportOrchestrator, QueueScaledFargateWorker, WakeUp } from '../../src';
import type { AddService } from '../../simulator/compare/stacks';

/** Our worker from the sources, with its defaults and a wake-up. */
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

/** An export with its two services. */
export const addExports: AddService = (stack, cluster, { maxTasks, slots, cpu, memoryLimitMiB }) => {
  new ExportOrchestrator(stack, 'Exports', {
    cluster,
    image: ContainerImage.fromRegistry('exports'),
    downloader: { maxTasks, concurrency: slots, cpu, memoryLimitMiB },
  });
};
