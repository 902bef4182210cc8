import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** A further queue that a worker takes jobs from. */
export interface AdditionalQueueOptions {
  /**
   * An existing queue, standard or FIFO.
   *
   * @default - a new queue like the worker's own: with its visibility timeout, receives, retention and encryption, and
   * an alarm on its dead-letter queue
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue of an existing `queue`.
   *
   * @default - what `queue` says of itself when this app creates it, otherwise none
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * Its share of the worker's time while the other queues have jobs too, relative to theirs; from 1 to 1,000. With
   * `strictPriority`, its rank.
   *
   * @default 1
   */
  readonly weight?: number;
}

/** A further queue of a worker, with what belongs to it. */
export interface AdditionalQueue {
  /** The queue. */
  readonly queue: IQueue;

  /**
   * Where its jobs go that failed on every attempt; undefined only for an existing queue whose dead-letter queue is not
   * known.
   */
  readonly deadLetterQueue?: IQueue;

  /** Rings while the dead-letter queue holds anything. */
  readonly deadLetterAlarm?: Alarm;
}
