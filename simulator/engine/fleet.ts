import { MINIMUM_BILLED_SECONDS, SPOT_WARNING_SECONDS, type Parameters } from '../parameters.ts';
import type { CapacityShare, Worker } from '../template/read-worker.ts';
import type { EventQueue } from './events.ts';
import type { Message } from './job-queue.ts';
import { Random } from '../random.ts';

export type StopCause = 'scaleIn' | 'spot';

/** A Fargate task: starting → running → stopping → gone. A stopping task finishes its jobs until it is killed. */
export interface Task {
  readonly share: CapacityShare;
  readonly launchedAt: number;
  state: 'starting' | 'running' | 'stopping' | 'gone';
  /** Messages in flight. */
  readonly messages: Set<Message>;
  /** Until when it is protected from scale-in; Infinity while it works. */
  protectedUntil: number;
}

export interface FleetListener {
  /** A task is ready for jobs. */
  readonly running: (task: Task) => void;
  /** A task got SIGTERM: it takes no more jobs. */
  readonly stopping: (task: Task) => void;
  /** A task got SIGKILL with these messages in flight. */
  readonly killed: (messages: readonly Message[], cause: StopCause) => void;
}

/**
 * The tasks of an ECS service on Fargate, and the scheduler that keeps the wanted number of them.
 *
 * When there are too many, it stops tasks that have not started yet, then unprotected tasks, at random. This order is
 * assumed: AWS does not document it.
 */
export class Fleet {
  readonly #worker: Worker;
  readonly #parameters: Parameters;
  readonly #events: EventQueue;
  readonly #listener: FleetListener;
  readonly #startTimes: Random;
  readonly #reclaims: Random;
  readonly #choices: Random;
  readonly #tasks = new Set<Task>();
  #wanted = 0;
  #nextLaunch = 0;
  #billedSpotSeconds = 0;
  #billedOnDemandSeconds = 0;
  launched = 0;

  constructor(worker: Worker, parameters: Parameters, events: EventQueue, seed: number, listener: FleetListener) {
    this.#worker = worker;
    this.#parameters = parameters;
    this.#events = events;
    this.#listener = listener;
    this.#startTimes = new Random(seed, 'task starts');
    this.#reclaims = new Random(seed, 'spot reclaims');
    this.#choices = new Random(seed, 'scale-in choices');
  }

  get running(): number {
    return this.#count('running');
  }

  get starting(): number {
    return this.#count('starting');
  }

  /** Seconds that Fargate billed for the tasks that are gone. */
  get billed(): { readonly spotSeconds: number; readonly onDemandSeconds: number } {
    return { spotSeconds: this.#billedSpotSeconds, onDemandSeconds: this.#billedOnDemandSeconds };
  }

  /** Starts the tasks that run before the first job. */
  begin(count: number): void {
    this.#wanted = count;
    for (let started = 0; started < count; started++) {
      this.#run(this.#create());
    }
  }

  want(count: number): void {
    this.#wanted = Math.min(count, this.#parameters.tasksPerService);
    this.#keepCount();
  }

  /** A task received a message or has none left; the scheduler may stop it only after its protection has expired. */
  noteWork(task: Task): void {
    if (!this.#worker.protection) {
      return;
    }
    task.protectedUntil =
      task.messages.size > 0 ? Infinity : this.#events.now + this.#parameters.protectionReleaseSeconds;
    if (task.messages.size === 0) {
      this.#events.at(task.protectedUntil, () => this.#keepCount());
    }
  }

  /** A stopping task has finished its last job. */
  leave(task: Task): void {
    if (task.state === 'gone') {
      return;
    }
    task.state = 'gone';
    this.#tasks.delete(task);
    this.#bill(task);
  }

  /** Ends the simulation: running tasks are billed until now. */
  end(): void {
    for (const task of [...this.#tasks]) {
      this.leave(task);
    }
  }

  #count(state: Task['state']): number {
    let count = 0;
    for (const task of this.#tasks) {
      count += Number(task.state === state);
    }
    return count;
  }

  #keepCount(): void {
    const active = [...this.#tasks].filter(({ state }) => state === 'starting' || state === 'running');
    for (let missing = this.#wanted - active.length; missing > 0; missing--) {
      this.#launch();
    }
    let surplus = active.length - this.#wanted;
    if (surplus <= 0) {
      return;
    }
    const now = this.#events.now;
    const starting = active.filter(({ state }) => state === 'starting').reverse();
    const idle = active.filter(({ state, protectedUntil }) => state === 'running' && protectedUntil <= now);
    while (surplus > 0 && starting.length + idle.length > 0) {
      const task = starting.shift() ?? idle.splice(this.#choices.index(idle.length), 1)[0];
      this.#stop(task, 'scaleIn', this.#worker.stopTimeoutSeconds);
      surplus--;
    }
  }

  #launch(): void {
    const task = this.#create();
    this.#nextLaunch = Math.max(this.#nextLaunch, this.#events.now) + 60 / this.#parameters.launchesPerMinute;
    const start = this.#startTimes.lognormal(
      this.#parameters.taskStartMedianSeconds,
      this.#parameters.taskStartP95Seconds,
    );
    this.#events.at(this.#nextLaunch + start, () => this.#run(task));
  }

  #create(): Task {
    const task: Task = {
      share: this.#chooseShare(),
      launchedAt: this.#events.now,
      state: 'starting',
      messages: new Set(),
      protectedUntil: 0,
    };
    this.#tasks.add(task);
    this.launched++;
    return task;
  }

  /** Bases first, then the share that is furthest behind its weight. */
  #chooseShare(): CapacityShare {
    const shares = this.#worker.capacity.map((share) => ({
      share,
      count: [...this.#tasks].filter((task) => task.share === share).length,
    }));
    const behind = ({ share: { base, weight }, count }: { share: CapacityShare; count: number }) => {
      if (count < base) {
        return -Infinity;
      }
      return weight > 0 ? (count - base) / weight : Infinity;
    };
    return shares.reduce((best, other) => (behind(other) < behind(best) ? other : best)).share;
  }

  #run(task: Task): void {
    if (task.state !== 'starting') {
      return;
    }
    task.state = 'running';
    if (task.share.spot && this.#parameters.spotReclaimsPerTaskHour > 0) {
      const reclaim = this.#reclaims.exponential(3_600 / this.#parameters.spotReclaimsPerTaskHour);
      this.#events.after(reclaim, () => this.#reclaim(task));
    }
    this.#listener.running(task);
  }

  #reclaim(task: Task): void {
    if (task.state !== 'running') {
      return;
    }
    this.#stop(task, 'spot', Math.min(this.#worker.stopTimeoutSeconds, SPOT_WARNING_SECONDS));
    this.#keepCount();
  }

  #stop(task: Task, cause: StopCause, graceSeconds: number): void {
    task.state = 'stopping';
    this.#listener.stopping(task);
    if (task.messages.size === 0) {
      this.leave(task);
      return;
    }
    this.#events.after(graceSeconds, () => {
      if (task.state !== 'stopping') {
        return;
      }
      const messages = [...task.messages];
      task.messages.clear();
      this.leave(task);
      this.#listener.killed(messages, cause);
    });
  }

  #bill(task: Task): void {
    const used = this.#events.now - task.launchedAt - this.#parameters.unbilledStartSeconds;
    if (used <= 0) {
      return;
    }
    const billed = Math.max(used, MINIMUM_BILLED_SECONDS);
    if (task.share.spot) {
      this.#billedSpotSeconds += billed;
    } else {
      this.#billedOnDemandSeconds += billed;
    }
  }
}
