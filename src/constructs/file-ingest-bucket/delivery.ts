/** How the events of a bucket reach the target of a route. */
export class Delivery {
  /**
   * S3 sends events to EventBridge, and a rule forwards them. Supports every filter and every target, with retries for
   * a day and a dead-letter queue.
   */
  static eventBridge(): Delivery {
    return new Delivery(false);
  }

  /**
   * S3 sends its notifications directly to the queue, without EventBridge, with lower latency and cost.
   *
   * Supports only standard queues and filters by prefix, suffix and reason. S3 does not document how long it retries,
   * and there is no dead-letter queue for undelivered notifications. Two such routes of a bucket cannot match the same
   * object.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
   */
  static s3Notifications(): Delivery {
    return new Delivery(true);
  }

  /** Whether S3 sends directly to the queue. */
  readonly direct: boolean;

  private constructor(direct: boolean) {
    this.direct = direct;
  }
}
