import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { ObjectFargateTask } from '../object-fargate-task';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { TypedDispatcher } from '../typed-dispatcher';
import type { IngestMessageOptions } from './ingest-message';
import type { IngestRoute } from './ingest-route';
import * as targets from './private/targets';

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

/**
 * Where the events of a route go.
 *
 * Extend it and implement `bind` to bring a target of your own.
 */
export abstract class IngestTarget {
  /**
   * A queue of a worker, and its wake-up when it has one. The worker may read the objects that the route is about.
   *
   * @param worker what processes the files
   * @param options how events go into its queue
   */
  static worker(worker: QueueScaledFargateWorker, options: IngestWorkerOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.worker(worker, options));
  }

  /**
   * A new queue, with a dead-letter queue and an alarm, which the route shows as `queue`. What reads from it must be
   * granted the
   * objects too: `IngestRoute.grantRead`.
   *
   * @param options settings of the queue
   */
  static queue(options: IngestQueueOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.newQueue(options));
  }

  /**
   * A queue that exists. What reads from it must be granted the objects too: `IngestRoute.grantRead`.
   *
   * It cannot be encrypted with the key that AWS manages for SQS, because EventBridge may not use that. A FIFO queue
   * needs content-based
   * deduplication, because EventBridge sends no deduplication id.
   *
   * @param queue the queue
   * @param options how events go into it
   */
  static existingQueue(queue: IQueue, options: IngestMessageOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.existingQueue(queue, options));
  }

  /**
   * A Lambda function, which may read the objects that the route is about.
   *
   * The route's dead-letter queue is for events that never reached the function. For those on which it failed, the
   * function needs
   * an `onFailure` destination or a dead-letter queue of its own.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): IngestTarget {
    return new BuiltInTarget(targets.lambdaFunction(handler));
  }

  /**
   * An execution of a state machine for each event. What its steps read must be granted to them.
   *
   * @param stateMachine the state machine
   */
  static stateMachine(stateMachine: IStateMachine): IngestTarget {
    return new BuiltInTarget(targets.stateMachine(stateMachine));
  }

  /**
   * A Fargate task of its own for each object, which may read the objects that the route is about.
   *
   * @param task what works on an object
   */
  static fargateTask(task: ObjectFargateTask): IngestTarget {
    return new BuiltInTarget(targets.fargateTask(task));
  }

  /**
   * A dispatcher, which starts for each object what its type starts. Its workers may read the objects that the route is
   * about. It is told of
   * deleted objects too, whose files it skips; for versions that come late, it goes by what S3 says of their order.
   *
   * @param dispatcher of the same stack as the route
   */
  static dispatcher(dispatcher: TypedDispatcher): IngestTarget {
    return new BuiltInTarget(targets.dispatcher(dispatcher));
  }

  /**
   * Makes the rule's target.
   *
   * @param route where to create what the target needs; grants the objects to it
   * @param delivery the dead-letter queue and retries that the target MUST use
   */
  abstract bind(route: IngestRoute, delivery: IngestDelivery): IngestTargetConfig;
}

class BuiltInTarget extends IngestTarget {
  readonly #bind: targets.Bind;

  constructor(bind: targets.Bind) {
    super();
    this.#bind = bind;
  }

  bind(route: IngestRoute, delivery: IngestDelivery): IngestTargetConfig {
    return this.#bind(route, delivery);
  }
}
