import { Duration } from 'aws-cdk-lib';
import { EventBridgeLimits } from '../../contract/service-limits';

/** Defaults of `TaskLifecycleAlerts`, each with its reason. */
export const AlertDefaults = {
  /** The exit code after SIGTERM, for example of a sidecar when its task is done. */
  expectedExitCodes: [143],
  /** More than an operator reads in the period; the first alerts show the failure. */
  maxAlerts: 20,
  /** A half is kept for the first alerts of other groups, so one group cannot use more. */
  maxAlertsPerGroup: (maxAlerts: number): number => Math.ceil(maxAlerts / 2),
  period: Duration.minutes(15),
  /** Three attempts to publish that are not answered, of five seconds each, and the requests to hold the alert back. */
  functionTimeout: Duration.minutes(1),
  /** The digest of what was held back, and the alerts after an outage, are at most this late. */
  clockInterval: Duration.minutes(1),
  /** A dependency is unavailable, not only throttled: the clock failed in three of five minutes. */
  undeliveredEvaluations: 5,
  undeliveredDatapoints: 3,
  /** Ten runs of the clock: a single one can fail, or its data point be late. */
  stoppedEvaluations: 10,
  /** The maximum of EventBridge: alerts are small, and the failure itself may delay their delivery. */
  maxEventAge: Duration.seconds(EventBridgeLimits.maxEventAgeSeconds),
  retryAttempts: EventBridgeLimits.maxRetryAttempts,
  /** The maximum of Lambda's retries. */
  functionRetryFor: Duration.hours(6),
} as const;
