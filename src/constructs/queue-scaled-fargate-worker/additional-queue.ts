import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** Options of an additional queue of a worker service. */
export interface AdditionalQueueOptions {
  /**
   * An existing queue, standard or FIFO.
   *
   * @default - a new queue like the worker's own: with the same visibility timeout, receive count, retention and
   * encryption, and an alarm on its dead-letter queue
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue of an existing `queue`.
   *
   * @default - the dead-letter queue of `queue` if this app creates it, otherwise none
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * The weight of this queue while other queues have jobs too, relative to theirs, from 1 to 1,000. With
   * `strictPriority`, its priority.
   *
   * @default 1
   */
  readonly weight?: number;
}

/** An additional queue of a worker service. */
export interface AdditionalQueue {
  /** The queue. */
  readonly queue: IQueue;

  /**
   * The queue for jobs that failed on every attempt; undefined only for an existing queue whose dead-letter queue is
   * unknown.
   */
  readonly deadLetterQueue?: IQueue;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm?: Alarm;
}
