import type { Duration } from 'aws-cdk-lib';
import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption, type IQueue } from 'aws-cdk-lib/aws-sqs';
import { ValidationError } from '../private/validation-error';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { IngestRoute } from './ingest-route';

/** How EventBridge delivers the events of a route. */
export interface IngestDelivery {
  /** Where an event goes that could not be delivered. */
  readonly deadLetterQueue: IQueue;
  /** How long EventBridge tries. */
  readonly maxEventAge: Duration;
  /** How often EventBridge tries again. */
  readonly retryAttempts: number;
}

/**
 * Where the events of a route go.
 *
 * Extend it and implement `bind` to bring a target of your own.
 */
export abstract class IngestTarget {
  /**
   * The queue of a worker. The worker may read the objects that the route is about.
   *
   * @param worker what processes the files
   */
  public static worker(worker: QueueScaledFargateWorker): IngestTarget {
    return new WorkerTarget(worker);
  }

  /**
   * A queue that exists. What reads from it must be granted the objects too: `FileIngestBucket.grantRead`.
   *
   * It cannot be encrypted with the key that AWS manages for SQS, because EventBridge may not use that.
   *
   * @param queue a standard queue
   */
  public static existingQueue(queue: IQueue): IngestTarget {
    return new ExistingQueueTarget(queue);
  }

  /**
   * Makes the rule's target.
   *
   * @param route the route, for which the target may be granted the objects
   * @param delivery the dead-letter queue and retries that the target MUST use
   */
  public abstract bind(route: IngestRoute, delivery: IngestDelivery): IRuleTarget;
}

class WorkerTarget extends IngestTarget {
  readonly #worker: QueueScaledFargateWorker;

  public constructor(worker: QueueScaledFargateWorker) {
    super();
    this.#worker = worker;
  }

  public bind(route: IngestRoute, delivery: IngestDelivery): IRuleTarget {
    route.grantRead(this.#worker);
    return queueTarget(this.#worker.queue, route, delivery);
  }
}

class ExistingQueueTarget extends IngestTarget {
  readonly #queue: IQueue;

  public constructor(queue: IQueue) {
    super();
    this.#queue = queue;
  }

  public bind(route: IngestRoute, delivery: IngestDelivery): IRuleTarget {
    return queueTarget(this.#queue, route, delivery);
  }
}

function queueTarget(queue: IQueue, route: IngestRoute, delivery: IngestDelivery): IRuleTarget {
  if (queue instanceof Queue && queue.encryptionType === QueueEncryption.KMS_MANAGED) {
    throw new ValidationError(
      'target cannot be a queue with QueueEncryption.KMS_MANAGED, because EventBridge may not use the key that AWS manages for SQS; '
      + 'use QueueEncryption.SQS_MANAGED, or KMS with a key of your own',
      route,
    );
  }
  return new SqsQueue(queue, { ...delivery });
}
