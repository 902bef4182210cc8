/** How the news of an object gets from the bucket to the target of a route. */
export class Delivery {
  /**
   * S3 tells EventBridge, and a rule sends the event on: every filter, every target, retries for a day and a
   * dead-letter queue.
   */
  static eventBridge(): Delivery {
    return new Delivery(false);
  }

  /**
   * S3 sends its own notification to the queue, without EventBridge in between: a hop less to wait for and to pay.
   *
   * Only to standard queues, and filtered only by prefixes, suffixes and reasons. S3 does not say how long it tries,
   * and there is no dead-letter queue for
   * what it could not send. Two routes of a bucket that are delivered so cannot take the same object.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
   */
  static s3Notifications(): Delivery {
    return new Delivery(true);
  }

  /** Whether S3 sends to the queue itself. */
  readonly direct: boolean;

  private constructor(direct: boolean) {
    this.direct = direct;
  }
}
