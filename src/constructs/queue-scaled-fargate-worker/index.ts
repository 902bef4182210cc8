export { QueueScaledFargateWorker } from './queue-scaled-fargate-worker';
export type { QueueScaledFargateWorkerProps } from './queue-scaled-fargate-worker-props';
export { QueueScaling, type BacklogPerTaskOptions, type ExactScalingOptions, type LatencyOptions, type QueueScalingBindOptions } from './queue-scaling';
