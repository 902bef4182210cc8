export { resolveFargateRun, type FargateRun } from './fargate-run';
export { grantRunTask, tasksOf, type RunnableTask } from './grant-run-task';
export { createMachine, createRunMachine, failedRuns, grantRun, OF_FAILED_RUNS } from './run-machine';
export { besideClock, renderRunTask, renderTaskRetry } from './run-task-state';
