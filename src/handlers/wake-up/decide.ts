/** What a wake-up sees when it looks. */
export interface Look {
  /** Seconds since the arrival that sent the wake-up. */
  readonly ageSeconds: number;
  /** Whether the arrival is so recent that the queue may not count its job yet. */
  readonly justArrived: boolean;
  /** Jobs that wait or are in work, as the queue counts them now. */
  readonly backlog: number;
  /** The same as the metrics told it in the last minutes, latest first; empty while they sleep. */
  readonly reported: readonly number[];
}

/** How many tasks a backlog asks for. */
export interface Sizing {
  readonly minTasks: number;
  readonly maxTasks: number;
  readonly messagesPerTask: number;
}

export interface Decision {
  /** The fewest tasks that Application Auto Scaling may scale in to from now on. */
  readonly floor: number;
  /** Whether to look again in a minute. */
  readonly again: boolean;
}

/**
 * SQS drops an arrival's message as a duplicate for five minutes after the first, so that long the first one has to
 * watch for all of them;
 * two minutes more, because a job and its wake-up are delivered apart.
 */
export const WATCH_SECONDS = 420;

/** Metrics of a queue take up to fifteen minutes to come back. After twice that they are not waited for. */
export const GIVE_UP_SECONDS = 1_800;

/**
 * Metrics older than this say nothing about now. CloudWatch has those of a minute one to two minutes after it began.
 */
export const RECENT_SECONDS = 300;

/** An alarm looks at its metric once a minute: what two minutes in a row told, it has acted upon. */
const REPORTS_THAT_COUNT = 2;

/**
 * Holds as many tasks as the backlog asks for until the metrics ask for no fewer; then the scaling policies keep them.
 *
 * Without memory, so that a wake-up can be lost, repeated or doubled: what the queue and its metrics say now is all
 * that counts.
 */
export function decide({ ageSeconds, justArrived, backlog, reported }: Look, sizing: Sizing): Decision {
  const { minTasks, maxTasks, messagesPerTask } = sizing;
  const tasksFor = (jobs: number) => Math.min(Math.max(Math.ceil(jobs / messagesPerTask), minTasks), maxTasks);
  const needed = Math.max(tasksFor(backlog), justArrived ? 1 : 0);
  const told =
    reported.length >= REPORTS_THAT_COUNT &&
    reported.slice(0, REPORTS_THAT_COUNT).every((jobs) => tasksFor(jobs) >= needed);
  const givenUp = ageSeconds >= GIVE_UP_SECONDS;
  const floor = told || givenUp ? minTasks : needed;
  return { floor, again: !givenUp && (floor > minTasks || ageSeconds < WATCH_SECONDS) };
}
