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
 * The target of the events of a route.
 *
 * Extend this class and implement `bind` for a custom target.
 */
export abstract class IngestTarget {
  /**
   * A queue of a worker service, and its wake-up if it has one. Grants the worker read access to the objects of the
   * route.
   *
   * @param worker the worker service that processes the files
   * @param options the queue and the message format
   */
  static worker(worker: QueueScaledFargateWorker, options: IngestWorkerOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.worker(worker, options));
  }

  /**
   * A new queue with a dead-letter queue and an alarm, available as `queue` of the route. Grant its consumer access to
   * the objects too: `IngestRoute.grantRead`.
   *
   * @param options settings of the queue
   */
  static queue(options: IngestQueueOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.newQueue(options));
  }

  /**
   * An existing queue. Grant its consumer access to the objects too: `IngestRoute.grantRead`.
   *
   * It cannot be encrypted with the AWS managed key for SQS, because EventBridge may not use that key. A FIFO queue
   * needs content-based deduplication, because EventBridge sends no deduplication id.
   *
   * @param queue the queue
   * @param options the message format and the message group
   */
  static existingQueue(queue: IQueue, options: IngestMessageOptions = {}): IngestTarget {
    return new BuiltInTarget(targets.existingQueue(queue, options));
  }

  /**
   * A Lambda function. Grants it read access to the objects of the route.
   *
   * The route's dead-letter queue is for events that could not be delivered to the function. For failed invocations,
   * the function needs an `onFailure` destination or a dead-letter queue of its own.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): IngestTarget {
    return new BuiltInTarget(targets.lambdaFunction(handler));
  }

  /**
   * An execution of a state machine for each event. Grant its steps access to the objects.
   *
   * @param stateMachine the state machine
   */
  static stateMachine(stateMachine: IStateMachine): IngestTarget {
    return new BuiltInTarget(targets.stateMachine(stateMachine));
  }

  /**
   * A Fargate task for each object. Grants the task read access to the objects of the route.
   *
   * @param task the construct that runs the tasks
   */
  static fargateTask(task: ObjectFargateTask): IngestTarget {
    return new BuiltInTarget(targets.fargateTask(task));
  }

  /**
   * A dispatcher, which starts the target of each object's type. Grants its workers read access to the objects of the
   * route. It also receives the deletion of objects, whose files it skips; for late versions, it uses the order that S3
   * reports.
   *
   * @param dispatcher the dispatcher, in the same stack as the route
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
