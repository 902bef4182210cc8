import type { Construct } from 'constructs';
import { checkDuration, checkPositive, checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';
import { bindBacklogPerTask } from './private';
import { bindExactScaling } from './private/exact-scaling';
import type {
  BacklogPerTaskOptions,
  ExactScalingOptions,
  LatencyOptions,
  QueueScalingBindOptions,
} from './queue-scaling-options';

/**
 * How the task count follows the queue.
 *
 * Extend this class and implement `bind` for custom scaling.
 */
export abstract class QueueScaling {
  /**
   * Sets the task count that the backlog needs: `ceil(backlog / messagesPerTask)`, between `minTasks` and `maxTasks`.
   *
   * The backlog is the sum of visible and in-flight messages, so a message in flight keeps its task. The policy scales
   * from zero and to zero. CloudWatch computes the sum, so neither a Lambda function nor Container Insights is needed.
   * The first message after an idle time waits for the metric (a minute), the alarm and the start of a task.
   *
   * Up to 20 different task counts are exact. If there are more between `minTasks` and `maxTasks`, the 20 steps of the
   * policy grow by a constant factor, and a backlog between two steps gets the larger one.
   *
   * @param options messages per task and idle time
   */
  static exact(options: ExactScalingOptions = {}): QueueScaling {
    checkWholeNumber('messagesPerTask', options.messagesPerTask, { min: 1 });
    checkWholeNumber('idleMinutes', options.idleMinutes, { min: 1, max: 60 });
    return new BuiltInScaling({
      setsExactCapacity: true,
      messagesPerTask: (concurrency) => options.messagesPerTask ?? concurrency,
      bind: (scope, bind) => {
        bindExactScaling(scope, options, bind);
      },
    });
  }

  /**
   * Target tracking on messages per running task. It is slower than `exact`, above all when it scales in, and suits
   * task counts that 20 steps cannot cover.
   *
   * CloudWatch divides the backlog by the number of running tasks, which Container Insights of the cluster must report.
   * Target tracking scales out after three minutes above its target, and scales in after fifteen minutes below it. With
   * `minTasks: 0`, a separate step policy starts the first task for a single message.
   *
   * @param options the target
   */
  static backlogPerTask(options: BacklogPerTaskOptions = {}): QueueScaling {
    const { messagesPerTask } = options;
    checkPositive('messagesPerTask', messagesPerTask);
    return backlogPerTask((concurrency) => messagesPerTask ?? concurrency);
  }

  /**
   * Target tracking on the waiting time of messages: `backlogPerTask` with as many messages per task as a task can
   * process in that time.
   *
   * @param options the acceptable waiting time, and the time for one message
   */
  static latency(options: LatencyOptions): QueueScaling {
    checkDuration('perMessage', options.perMessage, { min: 1 });
    checkDuration('acceptable', options.acceptable, { min: 1 });
    const acceptable = options.acceptable.toSeconds();
    const perMessage = options.perMessage.toSeconds();
    if (acceptable < perMessage) {
      throw new ValidationError(
        `acceptable cannot be shorter than perMessage, because more tasks do not make one message faster, got: ${options.acceptable.toHumanString()} ` +
          `and ${options.perMessage.toHumanString()}`,
      );
    }
    return backlogPerTask((concurrency) => (concurrency * acceptable) / perMessage);
  }

  /** No scaling by the queue: the service stays at `minTasks` until another policy scales it. */
  static none(): QueueScaling {
    return new BuiltInScaling({
      bind: () => {
        // No policy follows the queue.
      },
    });
  }

  /**
   * Whether this scaling sets the task count itself each minute, so that no other policy can add tasks.
   *
   * @default false
   */
  readonly setsExactCapacity: boolean = false;

  /**
   * Messages per task, from which a wake-up computes how many tasks it starts.
   *
   * @param concurrency how many jobs one task processes at the same time, which is the default result
   */
  messagesPerTask(concurrency: number): number {
    return concurrency;
  }

  /**
   * Creates the scaling policies and alarms.
   *
   * @param scope the scope for new constructs
   * @param options the service, its task count and its backlog
   */
  abstract bind(scope: Construct, options: QueueScalingBindOptions): void;
}

interface BuiltIn {
  readonly bind: (scope: Construct, options: QueueScalingBindOptions) => void;
  readonly messagesPerTask?: (concurrency: number) => number;
  readonly setsExactCapacity?: boolean;
}

class BuiltInScaling extends QueueScaling {
  override readonly setsExactCapacity: boolean;
  readonly #choice: BuiltIn;

  constructor(choice: BuiltIn) {
    super();
    this.setsExactCapacity = choice.setsExactCapacity ?? false;
    this.#choice = choice;
  }

  override messagesPerTask(concurrency: number): number {
    return this.#choice.messagesPerTask?.(concurrency) ?? super.messagesPerTask(concurrency);
  }

  bind(scope: Construct, options: QueueScalingBindOptions): void {
    this.#choice.bind(scope, options);
  }
}

function backlogPerTask(messagesPerTask: (concurrency: number) => number): QueueScaling {
  return new BuiltInScaling({
    messagesPerTask,
    bind: (scope, bind) => {
      bindBacklogPerTask(scope, messagesPerTask(bind.concurrency), bind);
    },
  });
}
