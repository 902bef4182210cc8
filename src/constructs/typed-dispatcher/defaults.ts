import { Duration } from 'aws-cdk-lib';

/** What a dispatcher has where its user chose nothing, each with its reason. */
export const DispatcherDefaults = {
  /** A file at fault fails each time; one that met a passing trouble succeeds at the second or third. */
  maxAttempts: 3,
  /** Long enough for a throttled neighbour to recover, short against the start of a task. */
  retryDelay: Duration.seconds(30),
  /** The longest that a message can be delayed, so that no retry has to wait for the sweeper. */
  maxRetryDelay: Duration.minutes(15),
  hangTimeout: Duration.minutes(15),
  maxRuntime: Duration.hours(24),
  /** Fargate starts 20 tasks a second for an account, after a burst of 100. */
  launchesPerSecond: 20,
  /** Two functions at a time share the pace: one alone would stand still while ECS answers. */
  launchers: 2,
  /** Files of the same sequence meet in the same rows: more at a time would lose races, not gain time. */
  registrars: 20,
  /** Ten events with their claims take a second or two; the rest is for a table that throttles. */
  ingressTimeout: Duration.seconds(60),
  /** Ten launches at the slowest pace. */
  launcherTimeout: Duration.minutes(5),
  /** A sweep that is not done within it goes on at the next. */
  watcherTimeout: Duration.minutes(5),
  /** As long as the CLI waits for an answer; what takes longer is asked for again and goes on. */
  operatorTimeout: Duration.minutes(1),
  sweepInterval: Duration.minutes(1),
  /** A stream record is a hint; older than this, the sweeper has been there. */
  streamMaxAge: Duration.hours(1),
  streamRetries: 3,
  /** EventBridge tries for a day. */
  maxEventAge: Duration.hours(24),
  retryAttempts: 185,
  /** The longest run of a file: who waits longer stands behind something that does not end, or behind too much. */
  alarmQueuedAge: Duration.hours(24),
  /** A file that is not registered for so long means that registration stands still. */
  alarmOldestEventAge: Duration.minutes(15),
  /** A quarter: long enough to ask what became of a file, and six times what duplicates need. */
  retention: Duration.days(90),
  /** Where AWS's own console begins: room for a minute of growth. */
  targetUtilizationPercent: 70,
} as const;
