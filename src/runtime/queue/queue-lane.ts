import { type Outcome } from './job-run.js';
import { Lease } from './lease.js';
import { type LeaseKeeper } from './lease-keeper.js';
import { FifoBuffer, type MessageBuffer, StandardBuffer } from './message-buffer.js';
import { withAttributes } from './message-attributes.js';
import { MessageLedger } from './message-ledger.js';
import { type PollerEvents } from './poller-events.js';
import { type ResolvedOptions, type ResolvedQueue } from './poller-options.js';
import { QueueCalls } from './queue-calls.js';
import { Receiver, type ReceiveTimes } from './receiver.js';
import { Settler } from './settler.js';
import { type ReceivedMessage } from './transport.js';
import { type ContinuationMessage, MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { exponentialBackoff } from '../support/backoff.js';
import { type Timer } from '../support/clock.js';
import { type Emitter } from '../support/emitter.js';

/** SQS stops extending at 12 hours; stay clear of the border. */
const HARD_LIMIT_MS = (SqsLimits.maxVisibilityTimeoutSeconds - 5) * 1_000;
/** A delete is not worth waiting for company after work that took this many lingers. */
const LINGERS_OF_LONG_WORK = 10;
/** Messages of one FIFO queue held at a time, since a few groups can fill any buffer. */
const MAX_FIFO_WAITING = 200;
const defaultBackoff = exponentialBackoff();

export interface LaneOptions {
  readonly queue: ResolvedQueue;
  readonly options: ResolvedOptions;
  readonly keeper: LeaseKeeper;
  readonly events: Emitter<PollerEvents>;
  /** Whether new work is still taken. */
  readonly isTaking: () => boolean;
  /** Something changed that may let work start. */
  readonly onChange: () => void;
  readonly onReceiveFailed: (lane: QueueLane, error: unknown, consecutiveFailures: number) => void;
}

/** One queue of a poller: what is received from it, what waits, and what the queue is told. */
export class QueueLane {
  readonly queue: ResolvedQueue;
  readonly receiver: Receiver;
  maxReceiveCount: number | undefined;
  /** Jobs of this queue that occupy a slot. */
  running = 0;
  /** Messages given back while the worker stops, and messages whose delete or release SQS did not confirm meanwhile. */
  released = 0;
  unconfirmed = 0;

  readonly #o: LaneOptions;
  readonly #calls: QueueCalls;
  readonly #buffer: MessageBuffer;
  readonly #settler: Settler;
  readonly #ledger: MessageLedger;
  readonly #localRetries = new Map<Lease, number>();
  #retryTimer: Timer | undefined;
  #meanBodyLength = 0;

  constructor(laneOptions: LaneOptions) {
    const { queue, options, events } = laneOptions;
    const { clock } = options;
    this.#o = laneOptions;
    this.queue = queue;
    this.maxReceiveCount = queue.maxReceiveCount;
    this.#calls = new QueueCalls({
      transport: options.transport,
      url: queue.url,
      clock,
      onCall: (operation) => events.emit('api:called', { queueName: queue.name, operation }),
    });
    this.#buffer = queue.fifo ? new FifoBuffer() : new StandardBuffer(() => clock.now());
    this.#ledger = new MessageLedger(clock, options.tombstoneMs);
    this.receiver = new Receiver({
      calls: this.#calls,
      clock,
      fifo: queue.fifo,
      waitTimeSeconds: options.waitTimeSeconds,
      visibilitySeconds: options.visibilitySeconds,
      maxReceivers: options.maxReceivers,
      onMessages: (messages, times) => this.#accept(messages, times),
      onFailed: (error, consecutiveFailures) => laneOptions.onReceiveFailed(this, error, consecutiveFailures),
      onEnd: () => {
        if (this.receiver.isQuiet) {
          void this.#settler.flush();
        }
        laneOptions.onChange();
      },
    });
    this.#settler = new Settler({
      calls: this.#calls,
      clock,
      // SQS holds back a FIFO group until its message is deleted, so there a delete never waits for company.
      deleteLingerMs: queue.fifo ? 0 : options.deleteLingerMs,
      fifo: queue.fifo,
      onDeleteFailed: (messageId, error, willRetry) => {
        events.emit('delete:failed', { queueName: queue.name, messageId, error, willRetry });
        if (!willRetry) {
          this.#unconfirmed(
            messageId,
            error,
            'finished message could not be deleted; this worker will not work on it again, another one may',
          );
        }
      },
      onReleaseFailed: (messageId, error) => {
        this.#unconfirmed(
          messageId,
          error,
          'message could not be given back; it returns when its visibility timeout ends',
        );
      },
    });
  }

  get waiting(): number {
    return this.#buffer.size;
  }

  /** Whether a message could start now. */
  get isReady(): boolean {
    return this.running < this.queue.maxConcurrency && this.#buffer.ready(this.#now) > 0;
  }

  get meanBodyLength(): number {
    return this.#meanBodyLength;
  }

  /** Learns from the queue what was not configured. A worker without the permission works too, but knows less. */
  async learn(): Promise<void> {
    if (this.maxReceiveCount !== undefined) {
      return;
    }
    try {
      this.maxReceiveCount = (await this.#calls.describe()).maxReceiveCount;
    } catch (error) {
      this.#o.options.logger.warn(
        { queue: this.queue.name, err: error },
        'redrive policy of the queue is unknown: isLastAttempt stays false; set maxReceiveCount',
      );
    }
  }

  take(): Lease | undefined {
    const lease = this.#buffer.take(this.#now);
    if (lease !== undefined) {
      this.running += 1;
      this.#ledger.started(lease);
    }
    return lease;
  }

  attemptOf(lease: Lease): number {
    return lease.message.receiveCount + (this.#localRetries.get(lease) ?? 0);
  }

  fill(freeSlots: number, prefetch: number, probe: boolean): void {
    const ready = this.#buffer.ready(this.#now);
    const free = Math.min(freeSlots, this.queue.maxConcurrency - this.running);
    if (this.queue.fifo && this.#buffer.size >= MAX_FIFO_WAITING) {
      return;
    }
    const starving = free > 0 && ready === 0 && this.receiver.open === 0;
    this.receiver.fill({
      messages: free + prefetch - ready - this.receiver.requested,
      worthwhile: starving ? 1 : Math.max(1, Math.min(SqsLimits.maxBatchEntries, prefetch)),
      probe,
    });
  }

  /** The handler has ended; its slot is free. */
  ended(lease: Lease, how: Outcome['kind']): void {
    if (how === 'succeeded' || how === 'handed-off') {
      // Also when the handler was given up before: it has done its work.
      this.#ledger.finished(lease);
    }
    this.running -= 1;
    this.#ledger.handlerEnded(lease);
  }

  /** Tells the queue what became of a message; resolves when that is done, as far as it can be. */
  async settle(lease: Lease, outcome: Outcome, durationMs: number): Promise<void> {
    switch (outcome.kind) {
      case 'succeeded':
      case 'ignored':
      case 'handed-off':
        return this.#complete(lease, durationMs > LINGERS_OF_LONG_WORK * this.#o.options.deleteLingerMs);
      case 'poisoned':
        return this.#poison(lease, outcome.reason, outcome.error);
      case 'failed':
        return this.#retry(lease, outcome.error, outcome.retryAfterSeconds);
      case 'released':
        this.#countReleased(1);
        return this.#giveBack(lease, 0);
      case 'lost':
        return this.#lose(lease);
    }
  }

  /** Gives back what has not started. */
  releaseWaiting(): Promise<void> {
    return this.#release(this.#buffer.clear());
  }

  /** Gives back what has waited for so long that another worker may be sooner. */
  releaseOlderThan(time: number): void {
    const { maxReceiveCount = Number.POSITIVE_INFINITY } = this;
    // Never one whose next delivery is its last: it could end in the dead-letter queue without having been tried.
    const stale = this.#buffer.olderThan(time).filter(({ message }) => message.receiveCount + 1 < maxReceiveCount);
    stale.forEach((lease) => this.#buffer.drop(lease));
    void this.#release(stale);
  }

  /** Puts the rest of a job on the queue, with the attributes and the group of its message. */
  continueJob({ message: { attributes, groupId } }: Lease, continuation: ContinuationMessage): Promise<void> {
    return this.#calls.send({
      body: JSON.stringify(continuation),
      attributes: withAttributes(attributes, { [MessageAttributeNames.correlationId]: continuation.correlationId }),
      ...(groupId === undefined ? {} : { groupId }),
    });
  }

  /** From now on nothing waits for company. */
  hurry(): void {
    this.#retryTimer?.cancel();
    this.#settler.hurry();
  }

  /** Resolves when the queue has answered everything that it was told. */
  finish(): Promise<void> {
    return this.#settler.finish();
  }

  get #now(): number {
    return this.#o.options.clock.now();
  }

  #accept(messages: readonly ReceivedMessage[], times: ReceiveTimes): void {
    const { options, events, keeper } = this.#o;
    const visibilityMs = options.visibilitySeconds * 1_000;
    events.emit('messages:received', { queueName: this.queue.name, count: messages.length });
    for (const message of messages) {
      if (this.#isRepeated(message, times.hiddenFrom + visibilityMs)) {
        events.emit('message:duplicated', { queueName: this.queue.name, messageId: message.messageId });
        continue;
      }
      const lease = new Lease(message, this.queue.name, {
        ...times,
        visibilityMs,
        maxLeaseMs: options.maxLeaseSeconds * 1_000,
        hardLimitMs: HARD_LIMIT_MS,
      });
      lease.onTrouble = () => void this.#troubleWhileWaiting(lease);
      this.#meanBodyLength += (message.body.length - this.#meanBodyLength) / 50;
      this.#ledger.hold(lease);
      keeper.keep(lease, this.#calls);
      this.#buffer.push(lease);
    }
    if (!this.#o.isTaking()) {
      void this.releaseWaiting();
    }
  }

  #isRepeated(message: ReceivedMessage, expiresAt: number): boolean {
    const known = this.#ledger.find(message);
    if (known === 'finished') {
      this.#settler.deleteAgain(message.messageId, message.receiptHandle);
    } else if (known !== undefined && known.lost === undefined && !known.ended) {
      known.receiptHandle = message.receiptHandle;
      known.expiresAt = expiresAt;
    }
    // A run that has lost its message goes on until it ends; until then the message stays hidden for others to find
    // later.
    return known !== undefined;
  }

  async #complete(lease: Lease, longWork: boolean): Promise<void> {
    this.#ledger.finished(lease);
    const deleted = await this.#settler.delete(lease, this.queue.fifo || longWork);
    this.#end(lease);
    if (this.queue.fifo) {
      // SQS will deliver the message again before its followers, so they must not overtake it here.
      if (!deleted) {
        await this.#releaseFollowers(lease);
      }
      this.#nextOfGroup(lease);
    }
  }

  async #poison(lease: Lease, reason: string, error: unknown): Promise<void> {
    const { deadLetterQueueUrl } = this.queue;
    if (deadLetterQueueUrl === undefined) {
      return this.#retry(lease, error);
    }
    try {
      await this.#settler.moveToDeadLetterQueue(lease, deadLetterQueueUrl, reason);
    } catch (sendError) {
      this.#o.options.logger.error(
        { messageId: lease.id, queue: this.queue.name, err: sendError },
        'message could not be moved to the dead-letter queue; it is retried',
      );
      // On a FIFO queue with its group: were it tried again here, a lasting problem of that queue would never be SQS's
      // to solve.
      return lease.lost === undefined ? this.#giveBack(lease, this.#backoff(this.attemptOf(lease))) : this.#lose(lease);
    }
    return this.#complete(lease, true);
  }

  async #retry(lease: Lease, error: unknown, retryAfterSeconds?: number): Promise<void> {
    if (lease.lost !== undefined) {
      return this.#lose(lease);
    }
    const attempt = this.attemptOf(lease);
    const isLast = this.maxReceiveCount !== undefined && attempt >= this.maxReceiveCount;
    // After the last attempt SQS moves the message at its next receive: the sooner the better.
    const seconds = retryAfterSeconds ?? (isLast ? 0 : this.#backoff(attempt));
    if (!this.queue.fifo || !this.#o.isTaking() || this.#now + seconds * 1_000 >= lease.limitAt) {
      return this.#giveBack(lease, seconds);
    }
    if (isLast) {
      return this.queue.deadLetterQueueUrl === undefined
        ? this.#giveBack(lease, seconds)
        : this.#poison(
            lease,
            `failed ${attempt} times: ${error instanceof Error ? error.message : String(error)}`,
            error,
          );
    }
    // Order inside the group: the message and its followers stay here, leased, and it is tried again before them.
    this.#localRetries.set(lease, (this.#localRetries.get(lease) ?? 0) + 1);
    lease.onTrouble = () => void this.#troubleWhileWaiting(lease);
    this.#buffer.putBack(lease, this.#now + seconds * 1_000);
    this.#scheduleRetry();
  }

  #backoff(attempt: number): number {
    const { retry, logger } = this.#o.options;
    try {
      const seconds = retry(attempt);
      if (seconds >= 0) {
        return seconds;
      }
      throw new RangeError(`expected \`retry\` to return a number of seconds of at least 0, got: ${seconds}`);
    } catch (error) {
      logger.error({ err: error, queue: this.queue.name, attempt }, 'option retry failed; the default backoff is used');
      return defaultBackoff(attempt);
    }
  }

  #scheduleRetry(): void {
    this.#retryTimer?.cancel();
    const { nextReadyAt } = this.#buffer;
    if (Number.isFinite(nextReadyAt)) {
      this.#retryTimer = this.#o.options.clock.after(Math.max(0, nextReadyAt - this.#now), () => {
        this.#retryTimer = undefined;
        this.#o.onChange();
      });
    }
  }

  async #giveBack(lease: Lease, seconds: number): Promise<void> {
    const followers = this.queue.fifo ? this.#buffer.drop(lease) : [];
    this.#end(lease);
    await this.#settler.hide(lease.id, lease.receiptHandle, this.#hideableSeconds(lease, seconds));
    // Followers become visible only behind the failed message, which still blocks their group.
    await this.#release(followers);
    this.#nextOfGroup(lease);
  }

  /** A whole number of seconds that SQS takes: no message is hidden for longer than 12 hours. */
  #hideableSeconds(lease: Lease, seconds: number): number {
    const longest = Math.max(0, Math.floor((lease.hardLimitAt - this.#now) / 1_000));
    return Math.min(Math.ceil(seconds), longest);
  }

  async #release(leases: readonly Lease[]): Promise<void> {
    leases.forEach((lease) => this.#end(lease));
    if (leases.length > 0) {
      this.#countReleased(leases.length);
      const messages = leases.map(({ id, message }) => ({ messageId: id, attempt: message.receiveCount }));
      // Each costs its message an attempt that no handler saw: who counts the attempts of a dead letter finds the
      // others here.
      this.#o.options.logger.info({ queue: this.queue.name, messages }, 'messages given back before they began');
      // The open receives of a worker that stops, and of those that stop with it, would only take them again, each time
      // at the cost of an attempt.
      const openForMs = this.#o.isTaking() ? 0 : this.receiver.openForMs;
      await Promise.all(
        leases.map((lease) =>
          this.#settler.hide(lease.id, lease.receiptHandle, this.#hideableSeconds(lease, openForMs / 1_000)),
        ),
      );
    }
  }

  async #troubleWhileWaiting(lease: Lease): Promise<void> {
    const dropped = this.#buffer.drop(lease);
    this.#end(lease);
    await this.#release(dropped.filter((other) => other !== lease || other.lost === undefined));
    this.#o.onChange();
  }

  async #lose(lease: Lease): Promise<void> {
    this.#end(lease);
    await this.#releaseFollowers(lease);
    this.#nextOfGroup(lease);
  }

  #releaseFollowers(lease: Lease): Promise<void> {
    return this.#release(this.queue.fifo ? this.#buffer.drop(lease) : []);
  }

  #nextOfGroup(lease: Lease): void {
    this.#buffer.groupDone(lease);
    this.#o.onChange();
  }

  #end(lease: Lease): void {
    this.#o.keeper.end(lease);
    this.#localRetries.delete(lease);
    this.#ledger.settled(lease);
  }

  #unconfirmed(messageId: string, error: unknown, message: string): void {
    this.unconfirmed += this.#o.isTaking() ? 0 : 1;
    this.#o.options.logger.warn({ messageId, queue: this.queue.name, err: error }, message);
    this.#o.events.emit('message:unconfirmed', { queueName: this.queue.name, messageId });
  }

  #countReleased(count: number): void {
    this.released += this.#o.isTaking() ? 0 : count;
    this.#o.events.emit('messages:released', { queueName: this.queue.name, count });
  }
}
