import type { Stack } from 'aws-cdk-lib';
import { ContainerImage, type Cluster } from 'aws-cdk-lib/aws-ecs';
import type * as fileworks from '../../lib/index.js';

/** What the templates of the options have in common: the tasks that download. */
export interface ExportCommon {
  readonly maxTasks: number;
  /** Messages that a task works on at the same time. */
  readonly slots: number;
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly spot: boolean;
}

export type AddExports = (stack: Stack, cluster: Cluster, common: ExportCommon) => void;

/** The templates that the options are made of, all with the same policies. */
export interface ExportStacks {
  /** Two services with a queue each: `ExportOrchestrator` with its own defaults. */
  readonly twoServices: AddExports;
  /** One service with one queue. */
  readonly oneQueue: AddExports;
  /** The same with a second queue. */
  readonly twoQueues: AddExports;
}

type Constructs = Pick<
  typeof fileworks,
  'ExportOrchestrator' | 'QueueScaledFargateWorker' | 'QueueScaling' | 'SpotStrategy'
>;

/** The templates by our constructs; tests give the sources in place of the compiled package. */
export function createExportStacks({
  ExportOrchestrator,
  QueueScaledFargateWorker,
  QueueScaling,
  SpotStrategy,
}: Constructs): ExportStacks {
  const image = () => ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable');
  const downloading = ({ maxTasks, slots, cpu, memoryLimitMiB, spot }: ExportCommon) => ({
    maxTasks,
    cpu,
    memoryLimitMiB,
    concurrency: slots,
    capacity: spot ? SpotStrategy.spotOnly() : SpotStrategy.onDemand(),
  });
  // It reads jobs too, so it has the policies of the worker and the least number of tasks of the orchestrator.
  const oneService =
    (additionalQueues: Record<string, object>): AddExports =>
    (stack, cluster, common) => {
      const service = new QueueScaledFargateWorker(stack, 'Exports', {
        cluster,
        image: image(),
        ...downloading(common),
        minTasks: 2,
        scaling: QueueScaling.backlogPerTask(),
        additionalQueues,
      });
      service.scaleOnCpuUtilization({ targetPercent: 70 });
    };
  return {
    twoServices: (stack, cluster, common) => {
      new ExportOrchestrator(stack, 'Exports', { cluster, image: image(), worker: downloading(common) });
    },
    oneQueue: oneService({}),
    twoQueues: oneService({ Jobs: {} }),
  };
}
