/** Input of a check. */
export interface Observation {
  /** Seconds since the arrival that sent the wake-up. */
  readonly ageSeconds: number;
  /** Whether the arrival is so recent that the queue may not yet count its job. */
  readonly justArrived: boolean;
  /** Visible and in-flight messages, as the queue counts them now. */
  readonly backlog: number;
  /** The same from the metrics of the last minutes, latest first; empty while the queue is inactive. */
  readonly reported: readonly number[];
}

/** Task count for a backlog. */
export interface Sizing {
  readonly minTasks: number;
  readonly maxTasks: number;
  readonly messagesPerTask: number;
}

export interface Decision {
  /** Minimum task count for Application Auto Scaling. */
  readonly floor: number;
  /** Whether to check again in a minute. */
  readonly again: boolean;
}

/**
 * SQS deduplicates wake-up messages for five minutes, so the first one must watch the queue for all arrivals of this
 * time; two minutes more, because a job and its wake-up are delivered separately.
 */
export const WATCH_SECONDS = 420;

/**
 * Metrics of an inactive queue resume after up to fifteen minutes. After twice this time, the wake-up ends without
 * them.
 */
export const MAX_WATCH_SECONDS = 1_800;

/** Older metrics are ignored. CloudWatch provides the metrics of a minute one to two minutes after it began. */
export const RECENT_SECONDS = 300;

/** An alarm evaluates its metric once a minute: it has acted on values of two consecutive minutes. */
const ALARM_DATAPOINTS = 2;

/**
 * Keeps the task count for the backlog until the metrics show the same backlog; then the scaling policies take over.
 *
 * Stateless, so that wake-ups can be lost, redelivered or duplicated: the decision depends only on the current queue
 * and metrics.
 */
export function decide({ ageSeconds, justArrived, backlog, reported }: Observation, sizing: Sizing): Decision {
  const { minTasks, maxTasks, messagesPerTask } = sizing;
  const tasksFor = (jobs: number) => Math.min(Math.max(Math.ceil(jobs / messagesPerTask), minTasks), maxTasks);
  const needed = Math.max(tasksFor(backlog), justArrived ? 1 : 0);
  const metricsCaughtUp =
    reported.length >= ALARM_DATAPOINTS &&
    reported.slice(0, ALARM_DATAPOINTS).every((jobs) => tasksFor(jobs) >= needed);
  const timedOut = ageSeconds >= MAX_WATCH_SECONDS;
  const floor = metricsCaughtUp || timedOut ? minTasks : needed;
  return { floor, again: !timedOut && (floor > minTasks || ageSeconds < WATCH_SECONDS) };
}
