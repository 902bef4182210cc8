import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IngestMessageOptions } from './ingest-message';

/** How EventBridge delivers the events of a route. */
export interface IngestDelivery {
  /** The queue for events that could not be delivered. */
  readonly deadLetterQueue: IQueue;
  /** How long EventBridge tries to deliver an event. */
  readonly maxEventAge: Duration;
  /** How many times EventBridge retries. */
  readonly retryAttempts: number;
}

/** The result of `IngestTarget.bind()`. */
export interface IngestTargetConfig {
  /** The target of the rule. */
  readonly ruleTarget: IRuleTarget;
  /**
   * The queue that receives the events.
   *
   * @default - the target is not a queue
   */
  readonly queue?: IQueue;
  /**
   * A second target of the rule, which also receives each event.
   *
   * @default - none
   */
  readonly companion?: IRuleTarget;
  /**
   * Whether S3 may send notifications directly to `queue` with `Delivery.s3Notifications()`.
   *
   * @default false
   */
  readonly takesS3Notifications?: boolean;
  /**
   * The target of a second rule, which matches the deletion of objects whose keys match the route, whatever their size
   * and reason.
   *
   * @default - deletions are ignored
   */
  readonly deletions?: IRuleTarget;
}

/** Options of `IngestTarget.queue()`. */
export interface IngestQueueOptions extends IngestMessageOptions {
  /**
   * How long a received message is hidden, from 1 second to 12 hours.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   * @default Duration.minutes(5)
   */
  readonly visibilityTimeout?: Duration;

  /**
   * How many times a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 5
   */
  readonly maxReceiveCount?: number;

  /**
   * How long SQS keeps a message before it deletes it, from 1 minute to 14 days and shorter than `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long SQS keeps a message in the dead-letter queue, counted from when it was first sent, from 1 minute to 14
   * days.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(14)
   */
  readonly deadLetterRetention?: Duration;

  /**
   * A customer-managed key for both queues. The policy of an imported key must allow EventBridge to use it.
   *
   * @default - encryption with a key managed by SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * The removal policy of the queues. Retained queues keep their messages when the stack is deleted, or when a
   * deployment replaces or removes a queue.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Options of `IngestTarget.worker()`. */
export interface IngestWorkerOptions extends IngestMessageOptions {
  /**
   * The name of one of the worker's `additionalQueues`.
   *
   * @default - the worker's own queue
   */
  readonly additionalQueue?: string;
}
