export { ObjectFargateTask } from './object-fargate-task';
export type { ObjectFargateTaskProps } from './object-fargate-task-props';
