import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IngestMessageOptions } from './ingest-message';

/** How EventBridge delivers the events of a route. */
export interface IngestDelivery {
  /** Where an event goes that could not be delivered. */
  readonly deadLetterQueue: IQueue;
  /** How long EventBridge tries. */
  readonly maxEventAge: Duration;
  /** How often EventBridge tries again. */
  readonly retryAttempts: number;
}

/** What a target makes of itself. */
export interface IngestTargetConfig {
  /** The target of the rule. */
  readonly ruleTarget: IRuleTarget;
  /**
   * The queue that the events go to.
   *
   * @default - the target is no queue
   */
  readonly queue?: IQueue;
  /**
   * A second target of the rule, which each event starts too.
   *
   * @default - none
   */
  readonly companion?: IRuleTarget;
  /**
   * Whether S3 may send its own notifications to `queue` in place of the rule, by `Delivery.s3Notifications()`.
   *
   * @default false
   */
  readonly takesS3Notifications?: boolean;
  /**
   * The target of a second rule, which tells of objects that were deleted: of those that the route takes by their keys,
   * whatever their size
   * was and however they were made.
   *
   * @default - nobody is told
   */
  readonly deletions?: IRuleTarget;
}

/** The queue that `IngestTarget.queue()` creates. */
export interface IngestQueueOptions extends IngestMessageOptions {
  /**
   * How long a received message stays hidden, from 1 second to 12 hours.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   * @default Duration.minutes(5)
   */
  readonly visibilityTimeout?: Duration;

  /**
   * How often a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 5
   */
  readonly maxReceiveCount?: number;

  /**
   * How long a message waits before SQS drops it, from 1 minute to 14 days and shorter than `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long a message is kept in the dead-letter queue, counted from its first send, from 1 minute to 14 days.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(14)
   */
  readonly deadLetterRetention?: Duration;

  /**
   * A customer-managed key for both queues. An imported key's policy must let EventBridge use it.
   *
   * @default - encryption with a key that SQS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * What the alarm on the dead-letter queue does when it rings.
   *
   * @default - the alarm rings without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}

/** How events go to a worker. */
export interface IngestWorkerOptions extends IngestMessageOptions {
  /**
   * The name of one of the worker's `additionalQueues`.
   *
   * @default - the worker's own queue
   */
  readonly additionalQueue?: string;
}
