import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { ObjectFargateTask } from '../object-fargate-task';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { IFileDispatcher, IIngestRoute } from './ingest-interfaces';
import type { IngestMessageOptions } from './ingest-message';
import type {
  IngestDelivery,
  IngestQueueOptions,
  IngestTargetConfig,
  IngestWorkerOptions,
} from './ingest-target-options';
import * as targets from './private/targets';

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
  static dispatcher(dispatcher: IFileDispatcher): IngestTarget {
    return new BuiltInTarget(targets.dispatcher(dispatcher));
  }

  /**
   * Creates the target of the rule.
   *
   * @param scope the scope for new constructs
   * @param route the route, which grants access to its objects
   * @param delivery the dead-letter queue and the retries that the target MUST use
   */
  abstract bind(scope: Construct, route: IIngestRoute, delivery: IngestDelivery): IngestTargetConfig;
}

class BuiltInTarget extends IngestTarget {
  readonly #bind: targets.Bind;

  constructor(bind: targets.Bind) {
    super();
    this.#bind = bind;
  }

  bind(scope: Construct, route: IIngestRoute, delivery: IngestDelivery): IngestTargetConfig {
    return this.#bind(scope, route, delivery);
  }
}
