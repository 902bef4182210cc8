export { grantRunTask, grantTagTasks, resolveFargateRun, type FargateRun } from './fargate-run';
export { createMachine, createRunMachine, failedRuns, grantRun } from './run-machine';
export { besideClock, renderRunTask, renderTaskRetry } from './run-task-state';
