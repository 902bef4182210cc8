import { Duration } from 'aws-cdk-lib';

/** What `ScheduledFargateJob` chooses where its user did not, each with its reason. */
export const JobDefaults = {
  /** A job that could not be started for an hour is better looked at than started late. */
  maxEventAge: Duration.hours(1),
  /** As often as EventBridge Scheduler tries within that time. */
  retryAttempts: 185,
} as const;

/** What `JobSupervision.stepFunctions()` chooses. */
export const SupervisionDefaults = {
  /** Long for a job, short for one that hangs. */
  maxDuration: Duration.hours(1),
  /** Two for trouble that passes, such as a Spot reclaim; what fails three times will fail again. */
  retries: 2,
  /** Time for a service that was throttled or a database that restarts. */
  retryInterval: Duration.seconds(30),
} as const;
