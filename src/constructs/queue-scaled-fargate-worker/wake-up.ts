/**
 * Whether a worker without tasks is started by an arrival itself.
 *
 * An alarm needs its minute, and the metrics of a queue that was idle for six hours can take fifteen minutes to come
 * back. A wake-up starts tasks
 * within seconds.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
 */
export class WakeUp {
  /** Tasks start when the metrics of the queue tell of work. */
  static none(): WakeUp {
    return new WakeUp(false);
  }

  /**
   * Tasks start when a file arrives, as many as the backlog asks for.
   *
   * Each route of a `FileIngestBucket` to the worker sends a second, constant message into a FIFO queue, which lets one
   * of them through in five
   * minutes, however many files come. A Lambda function then looks at the queue of jobs each minute. Through
   * Application Auto Scaling it holds as
   * many tasks as the backlog asks for, until the metrics ask for as many, and then gives the fewest tasks back to
   * `minTasks`. It stops
   * after seven minutes, or when the metrics have caught up, and after half an hour in any case.
   *
   * Producers that send to the queue themselves need `grantWake`, and call `wakeWorker` of fileworks-runtime after they
   * have sent.
   */
  static onArrival(): WakeUp {
    return new WakeUp(true);
  }

  /** Whether an arrival wakes the worker. */
  readonly enabled: boolean;

  private constructor(enabled: boolean) {
    this.enabled = enabled;
  }
}
