import type { Job } from '../workload.ts';
import type { Random } from './random.ts';
import type { Parameters } from '../parameters.ts';

/** A job on its way through the queue. */
export interface Message<J extends Job = Job> {
  readonly job: J;
  receives: number;
}

/** An SQS queue with its dead-letter queue, and whether it sends metrics. */
export class JobQueue<J extends Job = Job> {
  readonly #parameters: Parameters;
  readonly #random: Random;
  readonly #maxReceiveCount: number;
  #waiting: Message<J>[] = [];
  #first = 0;
  #lastCall = 0;
  #metricsFrom = 0;
  deadLetters = 0;
  /** In the current minute. */
  sent = 0;
  received = 0;
  deleted = 0;
  /** Messages sent, received and deleted since the start. */
  requests = 0;

  constructor(maxReceiveCount: number, parameters: Parameters, random: Random) {
    this.#maxReceiveCount = maxReceiveCount;
    this.#parameters = parameters;
    this.#random = random;
  }

  get visible(): number {
    return this.#waiting.length - this.#first;
  }

  send(job: J, now: number): void {
    this.noteCall(now);
    this.sent++;
    this.requests++;
    this.#waiting.push({ job, receives: 0 });
  }

  receive(): Message<J> | undefined {
    const message = this.#waiting.at(this.#first);
    if (!message) {
      return undefined;
    }
    message.receives++;
    this.received++;
    this.requests++;
    this.#first++;
    if (this.#first > 10_000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  delete(): void {
    this.deleted++;
    this.requests++;
  }

  /** A worker hands a message back; one that was received too often goes to the dead-letter queue instead. */
  giveBack(message: Message<J>): void {
    if (message.receives >= this.#maxReceiveCount) {
      this.deadLetters++;
    } else {
      this.#waiting.push(message);
    }
  }

  endMinute(): void {
    this.sent = 0;
    this.received = 0;
    this.deleted = 0;
  }

  /** Age of the oldest waiting job. */
  oldestAge(now: number): number {
    const oldest = this.#waiting.at(this.#first);
    return oldest ? now - oldest.job.arrival : 0;
  }

  /** Any call keeps the metrics awake; the first one after a long rest wakes them with a delay. */
  noteCall(now: number): void {
    if (this.#sleepsAt(now)) {
      this.#metricsFrom = now + this.#random.between(0, this.#parameters.queueWakeSeconds);
    }
    this.#lastCall = now;
  }

  sendsMetrics(now: number): boolean {
    return !this.#sleepsAt(now) && now >= this.#metricsFrom;
  }

  #sleepsAt(now: number): boolean {
    return now - this.#lastCall > this.#parameters.queueSleepSeconds;
  }
}
