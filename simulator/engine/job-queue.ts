import type { Job } from '../workload.ts';
import type { Random } from './random.ts';
import type { Parameters } from '../parameters.ts';

/** A job on its way through the queue. */
export interface Message {
  readonly job: Job;
  receives: number;
}

/** An SQS queue with its dead-letter queue, and whether it sends metrics. */
export class JobQueue {
  readonly #parameters: Parameters;
  readonly #random: Random;
  readonly #maxReceiveCount: number;
  #waiting: Message[] = [];
  #first = 0;
  #lastCall = 0;
  #metricsFrom = 0;
  public deadLetters = 0;
  public sent = 0;
  public received = 0;
  public deleted = 0;

  public constructor(maxReceiveCount: number, parameters: Parameters, random: Random) {
    this.#maxReceiveCount = maxReceiveCount;
    this.#parameters = parameters;
    this.#random = random;
  }

  public get visible(): number {
    return this.#waiting.length - this.#first;
  }

  public send(job: Job, now: number): void {
    this.noteCall(now);
    this.sent++;
    this.#waiting.push({ job, receives: 0 });
  }

  public receive(): Message | undefined {
    const message = this.#waiting.at(this.#first);
    if (!message) return undefined;
    message.receives++;
    this.received++;
    this.#first++;
    if (this.#first > 10_000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  /** A worker hands a message back; one that was received too often goes to the dead-letter queue instead. */
  public giveBack(message: Message): void {
    if (message.receives >= this.#maxReceiveCount) this.deadLetters++;
    else this.#waiting.push(message);
  }

  /** Age of the oldest waiting job. */
  public oldestAge(now: number): number {
    const oldest = this.#waiting.at(this.#first);
    return oldest ? now - oldest.job.arrival : 0;
  }

  /** Any call keeps the metrics awake; the first one after a long rest wakes them with a delay. */
  public noteCall(now: number): void {
    if (this.#sleepsAt(now)) this.#metricsFrom = now + this.#random.between(0, this.#parameters.queueWakeSeconds);
    this.#lastCall = now;
  }

  public sendsMetrics(now: number): boolean {
    return !this.#sleepsAt(now) && now >= this.#metricsFrom;
  }

  #sleepsAt(now: number): boolean {
    return now - this.#lastCall > this.#parameters.queueSleepSeconds;
  }
}
