import type { Construct } from 'constructs';
import { checkSeconds, checkWholeNumber } from '../private/checks';
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
 * How the number of tasks follows the queue.
 *
 * Extend it and implement `bind` to bring a choice of your own.
 */
export abstract class QueueScaling {
  /**
   * As many tasks as the backlog needs: `ceil(backlog / messagesPerTask)`, between `minTasks` and `maxTasks`.
   *
   * The backlog counts messages that wait and messages in work, so a message that is being worked on keeps its task.
   * The policy goes
   * from zero and to zero; CloudWatch computes the sum, so it needs neither a Lambda function nor Container Insights. A
   * first
   * message after idleness waits for the metric (a minute), the alarm and the start of a task.
   *
   * Up to 20 different numbers of tasks are exact. With more between `minTasks` and `maxTasks`, the 20 steps that a
   * policy
   * may have are spread so that each is larger than the last by about the same factor, and a backlog between two of
   * them gets the larger.
   *
   * @param options how it counts
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
   * Target tracking on messages for each running task: slower than `exact`, above all when it scales in, and for more
   * tasks than 20
   * steps can tell apart.
   *
   * CloudWatch divides the backlog by the number of running tasks, which the cluster's Container Insights must report.
   * Target tracking waits for
   * three minutes above its target before it scales out, and for fifteen below before it scales in. With `minTasks: 0`,
   * a
   * step of its own starts the first task for a single message.
   *
   * @param options what it aims at
   */
  static backlogPerTask(options: BacklogPerTaskOptions = {}): QueueScaling {
    const { messagesPerTask } = options;
    if (messagesPerTask !== undefined && messagesPerTask <= 0) {
      throw new ValidationError(`messagesPerTask must be more than 0, got: ${messagesPerTask}`);
    }
    return backlogPerTask((concurrency) => messagesPerTask ?? concurrency);
  }

  /**
   * Target tracking on the time that a message waits: `backlogPerTask` with as many messages for each task as it works
   * off in time.
   *
   * @param options the time that is acceptable, and the time that one message takes
   */
  static latency(options: LatencyOptions): QueueScaling {
    checkSeconds('perMessage', options.perMessage, { min: 1 });
    const acceptable = options.acceptable.toSeconds();
    const perMessage = options.perMessage.toSeconds();
    if (acceptable < perMessage) {
      throw new ValidationError(
        `acceptable cannot be shorter than perMessage, because no number of tasks makes one message faster, got: ${options.acceptable.toHumanString()} ` +
          `and ${options.perMessage.toHumanString()}`,
      );
    }
    return backlogPerTask((concurrency) => (concurrency * acceptable) / perMessage);
  }

  /** The service stays at `minTasks` until something else scales it. */
  static none(): QueueScaling {
    return new BuiltInScaling({
      bind: () => {
        // Nothing follows the queue.
      },
    });
  }

  /**
   * Whether this choice sets the number of tasks itself each minute, so that no other policy can add to it.
   *
   * @default false
   */
  readonly setsExactCapacity: boolean = false;

  /**
   * Messages that one task is meant for, by which a wake-up counts the tasks that it starts.
   *
   * @param concurrency jobs that one task runs at the same time, which is the answer unless this choice knows better
   */
  messagesPerTask(concurrency: number): number {
    return concurrency;
  }

  /**
   * Creates the policies and alarms of this choice.
   *
   * @param scope where to create them
   * @param options the service, its task count and what is known of the queue
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
