import type { Job } from '../workload.ts';
import type { EventQueue } from './events.ts';
import type { Task } from './fleet.ts';
import type { JobQueue, Message } from './job-queue.ts';
import type { Random } from '../random.ts';

export interface WorkersListener {
  /** The number of messages in flight is about to change. */
  readonly changing: () => void;
  /** A task received a message, or has none left. */
  readonly worked: (task: Task) => void;
  /** A stopping task finished its last job. */
  readonly emptied: (task: Task) => void;
  readonly finished: (job: Job) => void;
}

/** The workers in the tasks of a service: each receives messages of the queue while it has a free slot. */
export class Workers {
  readonly #queue: JobQueue;
  readonly #slots: number;
  readonly #events: EventQueue;
  readonly #polls: Random;
  readonly #listener: WorkersListener;
  /** Running tasks with a free slot. */
  readonly #free: Task[] = [];
  #inFlight = 0;

  /** @param slots jobs that a task runs at the same time */
  constructor(queue: JobQueue, slots: number, events: EventQueue, polls: Random, listener: WorkersListener) {
    this.#queue = queue;
    this.#slots = slots;
    this.#events = events;
    this.#polls = polls;
    this.#listener = listener;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** A message became visible. */
  notify(): void {
    // SQS does not document which of several long polls receives a message.
    const task = this.#free.length > 0 ? this.#free[this.#polls.index(this.#free.length)] : undefined;
    if (task) {
      this.#receive(task);
    }
  }

  /** A task runs from now on. */
  start(task: Task): void {
    this.#queue.noteCall(this.#events.now);
    this.#free.push(task);
    while (task.messages.size < this.#slots && this.#queue.visible > 0) {
      this.#receive(task);
    }
  }

  /** A task receives no more messages. */
  stop(task: Task): void {
    const free = this.#free.indexOf(task);
    if (free >= 0) {
      this.#free.splice(free, 1);
    }
  }

  /** A task was killed: its messages become visible again. */
  release(messages: readonly Message[]): void {
    this.#inFlight -= messages.length;
    for (const message of messages) {
      this.#queue.release(message);
      this.notify();
    }
  }

  #receive(task: Task): void {
    const message = this.#queue.receive();
    if (!message) {
      return;
    }
    this.#listener.changing();
    this.#inFlight++;
    task.messages.add(message);
    this.#listener.worked(task);
    if (task.messages.size === this.#slots) {
      this.stop(task);
    }
    this.#events.after(message.job.work, () => this.#finish(task, message));
  }

  #finish(task: Task, message: Message): void {
    // Not there any more: the task was killed, and the message was released.
    if (!task.messages.has(message)) {
      return;
    }
    this.#listener.changing();
    this.#inFlight--;
    task.messages.delete(message);
    this.#queue.delete();
    this.#listener.finished(message.job);
    if (task.state === 'stopping') {
      if (task.messages.size === 0) {
        this.#listener.emptied(task);
      }
      return;
    }
    if (task.messages.size === this.#slots - 1) {
      this.#free.push(task);
    }
    this.#receive(task);
    if (task.messages.size === 0) {
      this.#listener.worked(task);
    }
  }
}
