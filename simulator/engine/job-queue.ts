import type { Job } from '../workload.ts';
import type { Random } from '../random.ts';
import type { Parameters } from '../parameters.ts';

/** A job on the queue. */
export interface Message {
  readonly job: Job;
  receives: number;
}

/** An SQS queue with its dead-letter queue, and whether it sends metrics. */
export class JobQueue {
  readonly #parameters: Parameters;
  readonly #random: Random;
  readonly #maxReceiveCount: number;
  #visible: Message[] = [];
  #first = 0;
  #lastCall = 0;
  #metricsFrom = 0;
  deadLetters = 0;
  /** In the current minute. */
  sent = 0;
  received = 0;
  deleted = 0;

  constructor(maxReceiveCount: number, parameters: Parameters, random: Random) {
    this.#maxReceiveCount = maxReceiveCount;
    this.#parameters = parameters;
    this.#random = random;
  }

  get visible(): number {
    return this.#visible.length - this.#first;
  }

  send(job: Job, now: number): void {
    this.noteCall(now);
    this.sent++;
    this.#visible.push({ job, receives: 0 });
  }

  receive(): Message | undefined {
    const message = this.#visible.at(this.#first);
    if (!message) {
      return undefined;
    }
    message.receives++;
    this.received++;
    this.#first++;
    if (this.#first > 10_000 && this.#first * 2 > this.#visible.length) {
      this.#visible = this.#visible.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  delete(): void {
    this.deleted++;
  }

  /** Makes a message visible again; after the last receive that the queue allows it goes to the dead-letter queue. */
  release(message: Message): void {
    if (message.receives >= this.#maxReceiveCount) {
      this.deadLetters++;
    } else {
      this.#visible.push(message);
    }
  }

  endMinute(): void {
    this.sent = 0;
    this.received = 0;
    this.deleted = 0;
  }

  /** Age of the oldest visible message, in seconds. */
  oldestAge(now: number): number {
    const oldest = this.#visible.at(this.#first);
    return oldest ? now - oldest.job.arrival : 0;
  }

  /** Any call keeps the metrics active; the first one after a long pause activates them with a delay. */
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
