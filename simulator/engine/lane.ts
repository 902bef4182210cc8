import type { Job } from '../workload.ts';
import type { EventQueue } from './events.ts';
import type { Task } from './fleet.ts';
import type { JobQueue, Message } from './job-queue.ts';
import type { Random } from './random.ts';

/** What the tasks of a service do with the jobs of one queue. */
export interface Program<J extends Job> {
  /** Jobs that a task runs at the same time. */
  readonly slots: number;
  /** Works on a job, and calls `done` at its end. When the task is killed before, its `done` has no effect. */
  readonly work: (job: J, task: Task, done: () => void) => void;
  /** A job has come to its end. */
  readonly finished?: (job: J) => void;
}

/** What a lane tells the service that it belongs to. */
export interface LaneListener {
  /** What is in use is about to change. */
  readonly changing: () => void;
  /** A message was sent. */
  readonly arrived: () => void;
  /** A task has more jobs, or none any more. */
  readonly worked: (task: Task) => void;
  /** A task that stops has finished its last job. */
  readonly emptied: (task: Task) => void;
}

interface Held<J extends Job> {
  readonly job: J;
  readonly since: number;
  /** What is given back when the task dies. */
  readonly origin?: Message<J>;
  /** Who else wants to know of its end. */
  readonly finished?: () => void;
}

/** A queue of a service, and the slots that each of its tasks has for it. */
export class Lane<J extends Job> {
  readonly name: string;
  readonly queue: JobQueue<J>;
  readonly #program: Program<J>;
  readonly #events: EventQueue;
  readonly #polls: Random;
  readonly #listener: LaneListener;
  /** Running tasks with a free slot. */
  readonly #free: Task[] = [];
  readonly #held = new WeakMap<Task, Set<Held<J>>>();
  /** Slots in use. */
  busy = 0;
  /** Messages of the queue that are worked on. */
  inFlight = 0;

  constructor(
    name: string,
    queue: JobQueue<J>,
    program: Program<J>,
    events: EventQueue,
    polls: Random,
    listener: LaneListener,
  ) {
    this.name = name;
    this.queue = queue;
    this.#program = program;
    this.#events = events;
    this.#polls = polls;
    this.#listener = listener;
  }

  send(job: J): void {
    this.queue.send(job, this.#events.now);
    this.#takeAnywhere();
    this.#listener.arrived();
  }

  /**
   * Has a task begin with a job that it did not get from the queue, and which is gone when the task dies.
   *
   * @param finished called at its end
   * @returns whether it has a slot for it
   */
  offer(task: Task, job: J, finished: () => void): boolean {
    if (task.state !== 'running' || this.#of(task).size >= this.#program.slots) {
      return false;
    }
    this.#begin(task, { job, since: this.#events.now, finished });
    return true;
  }

  /** A task runs from now on. */
  join(task: Task): void {
    this.queue.noteCall(this.#events.now);
    this.#free.push(task);
    while (this.#of(task).size < this.#program.slots && this.queue.visible > 0) {
      this.#take(task);
    }
  }

  /** A task takes no more jobs. */
  leave(task: Task): void {
    const free = this.#free.indexOf(task);
    if (free >= 0) {
      this.#free.splice(free, 1);
    }
  }

  /**
   * A task was killed: what it had goes back.
   *
   * @returns how many jobs those were, and the seconds that it had had them for
   */
  lose(task: Task): { readonly jobs: number; readonly seconds: number } {
    const lost = [...this.#of(task)];
    this.#held.delete(task);
    this.busy -= lost.length;
    const origins = lost.flatMap(({ origin }) => origin ?? []);
    this.inFlight -= origins.length;
    for (const origin of origins) {
      this.queue.giveBack(origin);
      this.#takeAnywhere();
    }
    return { jobs: lost.length, seconds: lost.reduce((sum, { since }) => sum + this.#events.now - since, 0) };
  }

  #takeAnywhere(): void {
    // Which of several waiting long polls gets a message is up to SQS.
    const task = this.#free.length > 0 ? this.#free[this.#polls.index(this.#free.length)] : undefined;
    if (task) {
      this.#take(task);
    }
  }

  #take(task: Task): void {
    const origin = this.queue.receive();
    if (!origin) {
      return;
    }
    this.inFlight++;
    this.#begin(task, { job: origin.job, since: this.#events.now, origin });
  }

  #begin(task: Task, held: Held<J>): void {
    this.#listener.changing();
    this.busy++;
    const own = this.#of(task);
    own.add(held);
    task.jobs.add(held);
    this.#listener.worked(task);
    if (own.size === this.#program.slots) {
      this.leave(task);
    }
    this.#program.work(held.job, task, () => this.#finish(task, held));
  }

  #finish(task: Task, held: Held<J>): void {
    // Not there any more: the task was killed, and the message is elsewhere.
    if (!task.jobs.has(held)) {
      return;
    }
    this.#listener.changing();
    const own = this.#of(task);
    own.delete(held);
    task.jobs.delete(held);
    this.busy--;
    if (held.origin) {
      this.inFlight--;
      this.queue.delete();
    }
    this.#program.finished?.(held.job);
    held.finished?.();
    if (task.state === 'stopping') {
      if (task.jobs.size === 0) {
        this.#listener.emptied(task);
      }
      return;
    }
    if (own.size === this.#program.slots - 1) {
      this.#free.push(task);
    }
    this.#take(task);
    if (task.jobs.size === 0) {
      this.#listener.worked(task);
    }
  }

  #of(task: Task): Set<Held<J>> {
    let own = this.#held.get(task);
    if (!own) {
      this.#held.set(task, (own = new Set()));
    }
    return own;
  }
}
