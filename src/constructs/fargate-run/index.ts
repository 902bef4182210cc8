export { resolveFargateRun, type FargateRun } from './fargate-run';
export { grantRunTask, tasksOf, type RunnableTask } from './grant-run-task';
export {
  createMachine,
  createRunMachine,
  failedRuns,
  grantReportOutage,
  grantRun,
  OF_FAILED_RUNS,
} from './run-machine';
export { MAX_DEPENDENCY_WAIT, lastError, renderWaitingRun, toFailed } from './waiting-run';
export { renderRunTask } from './run-task-state';
