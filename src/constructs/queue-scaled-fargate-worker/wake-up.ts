/**
 * Whether the arrival of a file starts tasks directly.
 *
 * An alarm takes a minute, and the metrics of a queue that was idle for six hours can be delayed by fifteen minutes. A
 * wake-up starts tasks within seconds.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
 */
export class WakeUp {
  /** Tasks start when the metrics of the queue report messages. */
  static none(): WakeUp {
    return new WakeUp(false);
  }

  /**
   * Tasks start when a file arrives, as many as the backlog needs.
   *
   * Each route of a `FileIngestBucket` to the worker sends a second, constant message to a FIFO queue, which accepts
   * one such message in five minutes, however many files arrive. A Lambda function then checks the queue of jobs each
   * minute. Through Application Auto Scaling, it raises the minimum task count to what the backlog needs until the
   * metrics report the backlog, and then resets it to `minTasks`. It stops after seven minutes, or when the metrics
   * have caught up, and after half an hour at the latest.
   *
   * Producers that send to the queue themselves need `grantWake`, and call `wakeWorker` of fileworks-runtime after
   * sending.
   */
  static onArrival(): WakeUp {
    return new WakeUp(true);
  }

  /** Whether an arrival starts tasks. */
  readonly enabled: boolean;

  private constructor(enabled: boolean) {
    this.enabled = enabled;
  }
}
