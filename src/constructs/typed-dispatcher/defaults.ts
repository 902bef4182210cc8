import { Duration } from 'aws-cdk-lib';

/** Defaults of a dispatcher, each with its reason. */
export const DispatcherDefaults = {
  /** A faulty file fails each time; after a transient failure, the second or third attempt succeeds. */
  maxAttempts: 3,
  /** Long enough for a throttled dependency to recover, short compared to the start of a task. */
  retryDelay: Duration.seconds(30),
  /** The maximum delay of a message, so that no retry waits for the sweeper. */
  maxRetryDelay: Duration.minutes(15),
  hangTimeout: Duration.minutes(15),
  maxRuntime: Duration.hours(24),
  /** Fargate starts 20 tasks a second for an account, after a burst of 100. */
  launchesPerSecond: 20,
  /** Two concurrent functions share the rate: a single one would idle while ECS answers. */
  launchers: 2,
  /** Files of the same sequence update the same rows: more concurrency would cause conflicts, not save time. */
  registrars: 20,
  /** Ten events with their claims take one or two seconds; the rest is for a throttled table. */
  ingressTimeout: Duration.seconds(60),
  /** Ten launches at the minimum rate. */
  launcherTimeout: Duration.minutes(5),
  /** An unfinished sweep continues with the next one. */
  watcherTimeout: Duration.minutes(5),
  /** The timeout of the CLI; longer operations continue with the next request. */
  operatorTimeout: Duration.minutes(1),
  sweepInterval: Duration.minutes(1),
  /** A stream record is a hint; the sweeper handles older ones. */
  streamMaxAge: Duration.hours(1),
  streamRetries: 3,
  /** The maximum of EventBridge. */
  maxEventAge: Duration.hours(24),
  retryAttempts: 185,
  /** The maximum runtime of a file: a longer wait means that a run does not end, or that the sequence is overloaded. */
  alarmQueuedAge: Duration.hours(24),
  /** An older unregistered event means that registration has stopped; the alarm comes within a quarter of an hour. */
  alarmOldestEventAge: Duration.minutes(10),
  /** Ten missing sweeps: a single one can be late. */
  alarmNoSweepMinutes: 10,
  /** A quarter: long enough to investigate a file, and six times the period of duplicates. */
  retention: Duration.days(90),
  /** The default of the AWS console: capacity for a minute of growth. */
  targetUtilizationPercent: 70,
} as const;
