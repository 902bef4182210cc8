export type { FargateTaskProps } from './fargate-task-props';
