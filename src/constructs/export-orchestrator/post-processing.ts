import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IEnvironmentAware } from 'aws-cdk-lib/interfaces';
import type { Construct } from 'constructs';
import { EventBridgeLimits } from '../../contract/service-limits';
import { functionTarget, queueTarget, withDeadLetters } from '../private/rule-access';
import { checkSameEnvironment } from '../private/same-environment';
import { ExportDefaults } from './defaults';

/** The target for the events of completed export jobs. */
export class PostProcessing {
  /**
   * Invokes a function with the event.
   *
   * @param handler the function
   */
  static lambdaFunction(handler: IFunction): PostProcessing {
    return new PostProcessing(handler, (options) => functionTarget(handler, options));
  }

  /**
   * Starts a state machine with the event as its input.
   *
   * @param stateMachine the state machine
   */
  static stateMachine(stateMachine: IStateMachine): PostProcessing {
    return new PostProcessing(stateMachine, ({ deadLetterQueue, ...retries }) =>
      withDeadLetters(new SfnStateMachine(stateMachine, retries), deadLetterQueue),
    );
  }

  /**
   * Sends the event to a queue.
   *
   * @param queue a standard queue, in any stack of the same account and region
   */
  static queue(queue: IQueue): PostProcessing {
    return new PostProcessing(queue, (options) => queueTarget(queue, options, 'ExportOrchestrator'));
  }

  readonly #resource: IEnvironmentAware;
  readonly #target: (options: TargetBaseProps) => IRuleTarget;

  private constructor(resource: IEnvironmentAware, target: (options: TargetBaseProps) => IRuleTarget) {
    this.#resource = resource;
    this.#target = target;
  }

  /**
   * The target of the rule.
   *
   * @internal
   */
  _target(scope: Construct, deadLetterQueue: IQueue): IRuleTarget {
    checkSameEnvironment({ postProcessing: this.#resource }, 'rules deliver only there', scope);
    return this.#target({
      deadLetterQueue,
      maxEventAge: ExportDefaults.postProcessingMaxEventAge,
      retryAttempts: EventBridgeLimits.maxRetryAttempts,
    });
  }
}
