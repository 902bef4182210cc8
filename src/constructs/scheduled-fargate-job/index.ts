export { JobSupervision, type SupervisionOptions } from './job-supervision';
export { ScheduledFargateJob } from './scheduled-fargate-job';
export type { ScheduledFargateJobProps } from './scheduled-fargate-job-props';
