/**
 * The behavior of AWS that a template does not define. Times are in seconds.
 *
 * Each number has its source or is marked as assumed, and can be set on the command line.
 */
export interface Parameters {
  /** From the end of a metric's minute until alarms see it. */
  readonly metricDelaySeconds: number;
  /** Idle time after which SQS stops sending metrics of a queue. */
  readonly queueSleepSeconds: number;
  /**
   * The longest delay of SQS metrics after the first new activity; the delay is drawn evenly up to it.
   */
  readonly queueWakeSeconds: number;
  /** From the request for a task until its worker receives messages: median and 95th percentile, log-normal. */
  readonly taskStartMedianSeconds: number;
  readonly taskStartP95Seconds: number;
  /** Part of a task's start that is not billed: before the image is pulled. */
  readonly unbilledStartSeconds: number;
  /** Tasks that a service launches in a minute. */
  readonly launchesPerMinute: number;
  /** Tasks that a service may want. */
  readonly tasksPerService: number;
  /** Reclaims for each hour of a Spot task. */
  readonly spotReclaimsPerTaskHour: number;
  /** From the arrival of a job until its wake-up has requested a task. */
  readonly wakeSeconds: number;
  /** How long a worker stays protected from scale-in after its last job. */
  readonly protectionReleaseSeconds: number;
}

export const defaultParameters: Parameters = {
  // Assumed: AWS states no figure. In a measured case, alarms were late by up to some minutes:
  // Source: https://alexwlchan.net/2022/02/no-cause-for-alarm/
  metricDelaySeconds: 60,
  // Source:
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html:
  // a queue is active for up to six hours after the last call
  queueSleepSeconds: 6 * 3_600,
  // Same page: "a delay of up to 15 minutes"; that it is drawn evenly is assumed
  queueWakeSeconds: 15 * 60,
  // First containers after about 30 seconds in https://www.vladionescu.me/posts/scaling-containers-on-aws-in-2022/; the
  // spread is assumed, and larger images take longer
  taskStartMedianSeconds: 35,
  taskStartP95Seconds: 70,
  // Source: https://aws.amazon.com/fargate/pricing/: billed from the image pull. About ten seconds for the network
  // interface before it: https://qiita.com/kjm/items/a86c5a425c57439ecfa0
  unbilledStartSeconds: 10,
  // Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
  launchesPerMinute: 500,
  // Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
  tasksPerService: 5_000,
  // Assumed: AWS publishes no figure for Fargate Spot. One reclaim in 200 task-hours
  spotReclaimsPerTaskHour: 0.005,
  // The goal of our worker's wake-up: the event's delivery and one call
  wakeSeconds: 5,
  // The default of fileworks-runtime; peers that protect their tasks have the same
  protectionReleaseSeconds: 60,
};

/**
 * The warning before a reclaim:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
 */
export const SPOT_WARNING_SECONDS = 120;

/** The shortest time that Fargate bills for a task: https://aws.amazon.com/fargate/pricing/ */
export const MINIMUM_BILLED_SECONDS = 60;
