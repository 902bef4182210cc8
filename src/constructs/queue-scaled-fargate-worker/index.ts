export { QueueScaledFargateWorker } from './queue-scaled-fargate-worker';
export type { QueueScaledFargateWorkerProps } from './queue-scaled-fargate-worker-props';
export { QueueScaling, type ExactScalingOptions, type QueueScalingBindOptions } from './queue-scaling';
