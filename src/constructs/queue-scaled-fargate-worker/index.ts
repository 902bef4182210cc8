export type { AdditionalQueue, AdditionalQueueOptions } from './additional-queue';
export { QueueScaledFargateWorker } from './queue-scaled-fargate-worker';
export type {
  QueueScaledFargateWorkerOptions,
  QueueScaledFargateWorkerProps,
} from './queue-scaled-fargate-worker-props';
export type { ScheduledTaskCountOptions, UtilizationScalingOptions } from './task-count-options';
export { WakeUp } from './wake-up';
export type { WorkerIngress } from './worker-ingress';
export { WorkerHealthCheck, type LivezOptions, type WorkerHealthCheckOptions } from './worker-health-check';
export { QueueScaling } from './queue-scaling';
export type {
  BacklogPerTaskOptions,
  ExactScalingOptions,
  LatencyOptions,
  QueueScalingBindOptions,
} from './queue-scaling-options';
