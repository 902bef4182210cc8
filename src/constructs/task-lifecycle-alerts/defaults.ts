import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** Defaults of `TaskLifecycleAlerts`, each with its reason. */
export const AlertDefaults = {
  /** The exit code after SIGTERM, for example of a sidecar when its task is done. */
  expectedExitCodes: [143],
  /** More than an operator reads in the period; the first alerts show the failure. */
  maxAlerts: 20,
  period: Duration.minutes(15),
  /** Five AWS requests, each well below a second, and the start of the function. */
  functionTimeout: Duration.seconds(30),
  /** The maximum of EventBridge: alerts are small, and the failure itself may delay their delivery. */
  maxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
  retryAttempts: EventBridgeLimits.maxRetryAttempts,
  /** The maximum of Lambda's retries. */
  functionRetryFor: Duration.hours(6),
} as const;
