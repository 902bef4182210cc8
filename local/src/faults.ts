import type { Emulator } from './emulator/emulator';
import { LocalCloudError } from './errors';
import type { Engine } from './tasks/engine';
import type { StateChangePublisher } from './tasks/state-change';
import { readFailure, type Failure, type Outage } from './failure';
import type { TaskRecord } from './types';

export interface DisturbedDeliveries {
  /** Probability that a delivery is repeated, from 0 to 1. Default: 0. */
  readonly repeat?: number;
  /** Longest delay of a delivery; each has its own, at random. Default: 0. */
  readonly delaySeconds?: number;
}

/** Injects faults of tasks, of event delivery and of services. */
export class Faults {
  #outages = 0;

  constructor(
    private readonly engine: Engine,
    private readonly publisher: StateChangePublisher,
    private readonly emulator: () => Emulator,
    private readonly find: (taskArn: string) => TaskRecord | undefined,
  ) {}

  /** Kills the processes of a running task with SIGKILL; its service replaces it. */
  kill(taskArn: string): void {
    if (!this.engine.kill(taskArn)) {
      throw new LocalCloudError('UnknownTask', `the task ${taskArn} has no running process`);
    }
  }

  /**
   * Interrupts the task's Spot capacity: a state change event with stopCode SpotInterruption and SIGTERM at once,
   * SIGKILL after the container's stop timeout.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
   */
  async interruptSpot(taskArn: string): Promise<void> {
    const task = this.find(taskArn);
    if (task?.desiredStatus !== 'RUNNING') {
      throw new LocalCloudError('UnknownTask', `the task ${taskArn} is not running`);
    }
    await this.emulator().interruptSpot(task.clusterArn, taskArn);
  }

  /** Drops the events of the next `count` tasks that stop. */
  dropNextStopped(count = 1): void {
    this.publisher.dropNextStopped(count);
  }

  /** Sends the events of the next `count` tasks that stop twice. */
  repeatNextStopped(count = 1): void {
    this.publisher.repeatNextStopped(count);
  }

  /** Refuses the next `count` placements of tasks, as ECS does when Fargate has no capacity. */
  async refusePlacements(count = 1): Promise<void> {
    await this.emulator().refusePlacements(count);
  }

  /**
   * Delivers the events of EventBridge at least once and in any order, as AWS guarantees no more, until it is called
   * again without options.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html
   */
  async disturbDeliveries({ repeat = 0, delaySeconds = 0 }: DisturbedDeliveries = {}): Promise<void> {
    if (!(repeat >= 0 && repeat <= 1 && delaySeconds >= 0)) {
      throw new LocalCloudError(
        'OptionInvalid',
        `repeat must be from 0 to 1 and delaySeconds at least 0, got: ${repeat} and ${delaySeconds}`,
      );
    }
    await this.emulator().disturbDeliveries(repeat, delaySeconds);
  }

  /**
   * Fails the next calls of an action that its permissions allow: conflicts, throttles, refusals, and answers that
   * never arrive. Calls of programs, tasks and functions fail, and so do those that AWS services make for the app: a
   * target of EventBridge is called again after a throttle or an error with status 500 or more, and after any other
   * error the event is in its dead-letter queue. Such a failure is not a denial. With `authorization: 'off'`, calls of
   * services do not fail.
   */
  async failNext(failure: Failure): Promise<void> {
    await this.emulator().failNext(readFailure(failure));
  }

  /**
   * Fails all calls of an action from now on, as `failNext` does, until the function that this resolves with is called.
   */
  async beginOutage(outage: Outage): Promise<() => Promise<void>> {
    const id = this.#outages++;
    await this.emulator().failNext({ ...readFailure({ ...outage, count: 1 }), outage: id });
    return () => this.emulator().endOutage(id);
  }

  /**
   * Has each change of a role's or user's policies take effect after `seconds`, as IAM is eventually consistent:
   * until then, what an update adds is denied, and what it removes is allowed. 0 ends the wait. Policies of resources
   * change at once.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
   */
  async delayPolicies(seconds: number): Promise<void> {
    if (!(seconds >= 0 && Number.isFinite(seconds))) {
      throw new LocalCloudError('OptionInvalid', `the delay of policies must be 0 seconds or more, got: ${seconds}`);
    }
    await this.emulator().delayPolicies(seconds);
  }
}
