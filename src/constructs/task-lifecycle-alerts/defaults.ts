import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** What `TaskLifecycleAlerts` chooses where its user did not, each with its reason. */
export const AlertDefaults = {
  /** What a program returns that was told to stop by SIGTERM and did: the end of a sidecar when its task is done. */
  expectedExitCodes: [143],
  /** More than anybody reads in the time; what is wrong stands in the first of them. */
  maxAlerts: 20,
  period: Duration.minutes(15),
  /** Five calls to AWS, each well below a second, and the start of the function. */
  functionTimeout: Duration.seconds(30),
  /** As long and as often as EventBridge tries: alerts are small, and the cause may keep them from being delivered. */
  maxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
  retryAttempts: EventBridgeLimits.maxRetryAttempts,
  /** As long as Lambda tries a function that fails. */
  functionRetryFor: Duration.hours(6),
} as const;
