import { Duration } from 'aws-cdk-lib';
import { MAX_DEPENDENCY_WAIT } from '../fargate-run';

/** Defaults of `ScheduledFargateJob`, each with its reason. */
export const JobDefaults = {
  /** A job that could not be started for an hour needs an operator rather than a late start. */
  maxEventAge: Duration.hours(1),
  /** The maximum of EventBridge Scheduler within that time. */
  retryAttempts: 185,
} as const;

/** Defaults of `JobSupervision.stepFunctions()`. */
export const SupervisionDefaults = {
  /** Long for a job, short for a hanging one. */
  maxDuration: Duration.hours(1),
  /** Two for transient failures, such as a Spot interruption; a task that fails three times will fail again. */
  retries: 2,
  /** A week end, and the days to notice and repair. */
  maxDependencyWait: MAX_DEPENDENCY_WAIT,
} as const;
