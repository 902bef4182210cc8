import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine, SqsQueue, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { EventBridgeLimits } from '../../contract/service-limits';
import { ExportDefaults } from './defaults';

/** The target for the events of completed export jobs. */
export class PostProcessing {
  /**
   * Invokes a function with the event.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): PostProcessing {
    return new PostProcessing((options) => new LambdaFunction(handler, options));
  }

  /**
   * Starts a state machine with the event as its input.
   *
   * @param stateMachine the state machine
   */
  static stateMachine(stateMachine: IStateMachine): PostProcessing {
    return new PostProcessing((options) => new SfnStateMachine(stateMachine, options));
  }

  /**
   * Sends the event to a queue.
   *
   * @param queue a standard queue
   */
  static queue(queue: IQueue): PostProcessing {
    return new PostProcessing((options) => new SqsQueue(queue, options));
  }

  readonly #target: (options: TargetBaseProps) => IRuleTarget;

  private constructor(target: (options: TargetBaseProps) => IRuleTarget) {
    this.#target = target;
  }

  /**
   * The target of the rule.
   *
   * @internal
   */
  _target(deadLetterQueue: IQueue): IRuleTarget {
    return this.#target({
      deadLetterQueue,
      maxEventAge: ExportDefaults.postProcessingMaxEventAge,
      retryAttempts: EventBridgeLimits.maxRetryAttempts,
    });
  }
}
