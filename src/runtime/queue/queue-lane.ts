import { Attempts } from './attempts.js';
import { separate } from './intact-messages.js';
import { type JobRun, type JobSource } from './job-run.js';
import { Lease, type LeaseHolder, type LeaseKeeper } from './lease.js';
import { MessageLedger } from './message-ledger.js';
import { type Outcome, type PollerListener } from './poller-events.js';
import { type ResolvedOptions, type ResolvedQueue } from './poller-options.js';
import { type MessageBuffer } from './queue-policy.js';
import { readResent, resendOf } from './resend.js';
import { type Demand, type MessageConsumer, Receiver, type ReceiveTimes } from './receiver.js';
import { Settler, withAttributes } from './settler.js';
import { QueueCalls, type ReceivedMessage } from './transport.js';
import { type ContinuationMessage, MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { exponentialBackoff } from '../support/backoff.js';
import { type Timer } from '../support/clock.js';
import { defined } from '../support/defined.js';
import { type Pauses, type Source } from '../support/pauses.js';
import { reasonOf } from '../support/reason.js';

/** Number of messages in the moving average of body lengths. */
const MEMORY = 50;
/** More jobs than have slots may wait for a dependency, since some probes are new jobs; each is a lease to keep. */
const MAX_WAITING_SHARE = 2;
const defaultBackoff = exponentialBackoff();

/** One queue of a poller: receives its messages, holds those that wait, and settles those whose job has ended. */
export class QueueLane implements JobSource, MessageConsumer, LeaseHolder, Source {
  readonly queue: ResolvedQueue;
  readonly receiver: Receiver;
  readonly dormant = new Set<JobRun>();

  readonly #options: ResolvedOptions;
  readonly #keeper: LeaseKeeper;
  readonly #listener: PollerListener;
  readonly #calls: QueueCalls;
  readonly #buffer: MessageBuffer;
  readonly #settler: Settler;
  readonly #ledger: MessageLedger;
  readonly #pauses: Pauses;
  readonly #attempts: Attempts;
  /** The messages that are being returned to their queue. */
  readonly #returns = new Map<Lease, Promise<void>>();
  /** Clock time of the next attempt of a message that failed and stays here. */
  readonly #retryAt = new Map<Lease, number>();
  /** Jobs of this queue that have started and not ended. */
  #running = 0;
  #draining = false;
  #retryTimer: Timer | undefined;
  #meanBodyLength = 0;

  constructor(
    queue: ResolvedQueue,
    options: ResolvedOptions,
    keeper: LeaseKeeper,
    pauses: Pauses,
    listener: PollerListener,
  ) {
    const { clock, transport } = options;
    this.queue = queue;
    this.#options = options;
    this.#keeper = keeper;
    this.#pauses = pauses;
    this.#listener = listener;
    this.#attempts = new Attempts(queue.maxReceiveCount);
    this.#calls = new QueueCalls(transport, queue, clock, listener);
    this.#buffer = queue.policy.createBuffer(() => clock.now());
    this.#ledger = new MessageLedger(clock, options.tombstoneMs);
    this.#settler = new Settler(queue, this.#calls, options, listener);
    this.receiver = new Receiver(this, this.#calls, options, listener);
  }

  get waiting(): number {
    return this.#buffer.size;
  }

  get name(): string {
    return this.queue.name;
  }

  /** Whether a message could start now. */
  get isReady(): boolean {
    return (
      this.#active < this.queue.maxConcurrency &&
      this.#buffer.ready(this.#now) > 0 &&
      this.#pauses.admission(this) !== 'none'
    );
  }

  get admitsProbe(): boolean {
    const slots = Math.min(this.queue.maxConcurrency, this.#options.concurrency);
    return this.dormant.size < MAX_WAITING_SHARE * slots;
  }

  get meanBodyLength(): number {
    return this.#meanBodyLength;
  }

  /** Reads what is not configured from the queue. Without the permission, the worker runs with less information. */
  async readRedrivePolicy(): Promise<void> {
    if (this.#attempts.max !== undefined) {
      return;
    }
    try {
      this.#attempts.max = (await this.#calls.describe()).maxReceiveCount;
    } catch (error) {
      this.#options.logger.warn(
        { queue: this.queue.name, err: error },
        'redrive policy of the queue is unknown: isLastAttempt stays false; set maxReceiveCount',
      );
    }
  }

  take(): Lease | undefined {
    const lease = this.#buffer.take(this.#now);
    if (lease !== undefined) {
      this.#running += 1;
      this.#ledger.handlerStarted(lease);
    }
    return lease;
  }

  /** The jobs that have waited for a dependency and can have a slot now. */
  *resumable(): Generator<JobRun> {
    for (const run of this.dormant) {
      if (run.isResumable && this.#active < this.queue.maxConcurrency) {
        yield run;
      }
    }
  }

  attemptOf(lease: Lease): number {
    return this.#attempts.of(lease);
  }

  isLastAttempt(lease: Lease): boolean {
    return this.#attempts.isLast(lease);
  }

  /** What to receive for this many free slots and messages ahead of them. */
  demand(freeSlots: number, prefetch: number, probe: boolean): Demand {
    const { maxConcurrency, policy } = this.queue;
    const ready = this.#buffer.ready(this.#now);
    const admission = this.#pauses.admission(this);
    const wanted = { all: maxConcurrency - this.#active, probe: 1, none: 0 }[admission];
    const free = Math.min(freeSlots, wanted);
    const ahead = admission === 'all' ? prefetch : 0;
    const starving = free > 0 && ready === 0 && this.receiver.open === 0;
    return {
      messages: this.#buffer.size >= policy.maxWaiting ? 0 : free + ahead - ready - this.receiver.requested,
      worthwhile: starving ? 1 : Math.max(1, Math.min(SqsLimits.maxBatchEntries, prefetch)),
      probe,
    };
  }

  messagesReceived(messages: readonly ReceivedMessage[], times: ReceiveTimes): void {
    const visibilityMs = this.#options.visibilitySeconds * 1_000;
    const maxLeaseMs = this.#options.maxLeaseSeconds * 1_000;
    this.#listener.messagesReceived(this.queue.name, messages.length);
    const { intact, damaged } = separate(messages, this.queue.policy);
    if (damaged.length > 0) {
      this.#options.logger.error(
        { queue: this.queue.name, messages: damaged.map(({ messageId }) => messageId) },
        'messages were damaged on the way from SQS, or are behind such a message of their group; they are redelivered when their visibility timeout ends',
      );
    }
    for (const message of intact.map(readResent)) {
      if (this.#isDuplicate(message, times.hiddenFrom + visibilityMs)) {
        this.#listener.messageDuplicated(this.queue.name, message.messageId);
        continue;
      }
      const lease = new Lease(message, this.queue.name, { ...times, visibilityMs, maxLeaseMs }, this);
      this.#meanBodyLength += (message.body.length - this.#meanBodyLength) / MEMORY;
      this.#ledger.hold(lease);
      this.#keeper.keep(lease, this.#calls);
      this.#buffer.push(lease);
    }
    if (this.#draining) {
      void this.#releaseUnstarted(this.#buffer.clear());
    }
  }

  receiveEnded(): void {
    if (this.receiver.isQuiet) {
      void this.#settler.flush();
    }
    this.#listener.changed();
  }

  /** The lease of a message that waits is lost or ends soon: the message does not start. */
  leaseEnds(lease: Lease): void {
    const dropped = this.#buffer.drop(lease);
    const releasable = dropped.filter((other) => other !== lease || lease.state !== 'lost');
    this.#end(lease);
    void this.#releaseUnstarted(releasable).then(() => this.#listener.changed());
  }

  /** The handler has ended; its slot is free. */
  handlerEnded(lease: Lease, { kind }: Outcome): void {
    if (kind === 'succeeded' || kind === 'handed-off') {
      // Also when the handler was abandoned before: it has done its work.
      this.#ledger.finished(lease);
    }
    this.#running -= 1;
    this.#ledger.handlerEnded(lease);
  }

  /** Deletes, releases, retries or moves a message; resolves when SQS has confirmed it, or no attempt is left. */
  async settle(lease: Lease, outcome: Outcome, jobMs: number): Promise<void> {
    switch (outcome.kind) {
      case 'succeeded':
      case 'ignored':
      case 'handed-off':
        return this.#complete(lease, jobMs);
      case 'poisoned':
        return this.#poison(lease, outcome.reason, outcome.error);
      case 'failed':
        return this.#retry(lease, outcome.error, outcome.retryAfterSeconds);
      case 'released':
        this.#listener.messagesReleased(this.queue.name, 1);
        return this.#release(lease, 0);
      case 'postponed':
        this.#listener.messagesReleased(this.queue.name, 1);
        return this.#postpone(lease);
      case 'lost':
        return this.#lose(lease);
    }
  }

  /** Releases messages that have waited for so long that another worker may be faster. */
  releaseOlderThan(time: number): void {
    if (this.#pauses.admission(this) !== 'all') {
      // Another worker would have to wait for the same dependency.
      return;
    }
    // Never one whose next delivery is its last: it could end in the dead-letter queue without any attempt.
    const stale = this.#buffer.olderThan(time).filter((lease) => this.#attempts.hasSpareDelivery(lease));
    stale.forEach((lease) => this.#buffer.drop(lease));
    void this.#releaseUnstarted(stale);
  }

  /** Puts the rest of a job on the queue, with the attributes and the group of its message. */
  sendContinuation({ message: { attributes, groupId } }: Lease, continuation: ContinuationMessage): Promise<void> {
    return this.#calls.send({
      body: JSON.stringify(continuation),
      attributes: withAttributes(attributes, { [MessageAttributeNames.correlationId]: continuation.correlationId }),
      ...defined({ groupId }),
    });
  }

  /** Releases what waits and what open receives still bring. From now on nothing waits for a batch. */
  drain(): void {
    this.#draining = true;
    this.#retryTimer?.cancel();
    this.#settler.hurry();
    void this.#releaseUnstarted(this.#buffer.clear());
  }

  /** Resolves when every message is sent anew that has to be, and every delete and release was answered. */
  async finish(): Promise<void> {
    await Promise.all(this.#returns.values());
    await this.#settler.finish();
  }

  /** Jobs that have a slot. */
  get #active(): number {
    return this.#running - this.dormant.size;
  }

  /**
   * Stops to wait for SQS, because no time is left: reports each message whose delete or release has no answer. What
   * happens to them later is not reported.
   */
  giveUp(): void {
    const returned = [...this.#returns.keys()].map(({ id }) => id);
    const ids = new Set([...this.#settler.giveUp(), ...returned, ...this.#ledger.activeIds()]);
    ids.forEach((id) => this.#listener.settlementUnanswered(this.queue.name, id));
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #isDuplicate(message: ReceivedMessage, expiresAt: number): boolean {
    const known = this.#ledger.find(message);
    if (known === 'finished') {
      this.#settler.deleteAgain(message.messageId, message.receiptHandle);
    } else if (known?.isActive === true) {
      known.redelivered(message.receiptHandle, expiresAt);
    } else if (known !== undefined && this.#attempts.isLastDelivery(message)) {
      void this.#moveUnstarted(message);
    }
    // A message whose lease is lost does not start again beside a handler that still runs: it is redelivered later.
    return known !== undefined;
  }

  /** Moves a message that no delivery could start; SQS would move it without a reason. */
  async #moveUnstarted(message: ReceivedMessage): Promise<void> {
    const { deadLetterQueueUrl, name } = this.queue;
    if (deadLetterQueueUrl === undefined) {
      return;
    }
    const reason = 'the handler of an earlier attempt ignores its signal and still runs';
    try {
      await this.#settler.copyToDeadLetterQueue(message, deadLetterQueueUrl, reason);
    } catch (err) {
      const { messageId } = message;
      this.#options.logger.error({ messageId, queue: name, err }, 'message is moved by SQS, without a reason');
      return;
    }
    this.#settler.deleteAgain(message.messageId, message.receiptHandle);
  }

  async #complete(lease: Lease, jobMs: number): Promise<void> {
    this.#ledger.finished(lease);
    this.#attempts.finished(lease);
    const deleted = await this.#settler.delete(lease, jobMs);
    this.#end(lease);
    if (!deleted) {
      // SQS redelivers the message before its followers, so they must not overtake it here.
      await this.#releaseFollowers(lease);
    }
    this.#groupDone(lease);
  }

  async #poison(lease: Lease, reason: string, error: unknown): Promise<void> {
    const { deadLetterQueueUrl } = this.queue;
    if (deadLetterQueueUrl === undefined) {
      return this.#retry(lease, error);
    }
    try {
      await this.#settler.copyToDeadLetterQueue(lease.message, deadLetterQueueUrl, reason);
    } catch (sendError) {
      this.#options.logger.error(
        { messageId: lease.id, queue: this.queue.name, err: sendError },
        'message could not be moved to the dead-letter queue; it is retried',
      );
      // Not in place on a FIFO queue: SQS could then never move the message, however long that queue fails.
      return lease.state === 'lost' ? this.#lose(lease) : this.#release(lease, this.#backoff(this.attemptOf(lease)));
    }
    return this.#complete(lease, Number.POSITIVE_INFINITY);
  }

  async #retry(lease: Lease, error: unknown, retryAfterSeconds?: number): Promise<void> {
    if (lease.state === 'lost') {
      return this.#lose(lease);
    }
    const attempt = this.attemptOf(lease);
    const isLast = this.isLastAttempt(lease);
    const { policy, deadLetterQueueUrl } = this.queue;
    if (isLast && deadLetterQueueUrl !== undefined) {
      return this.#poison(lease, `failed ${attempt} times: ${reasonOf(error)}`, error);
    }
    // After the last attempt SQS moves the message at its next receive, which should be soon.
    const seconds = retryAfterSeconds ?? (isLast ? 0 : this.#backoff(attempt));
    if (!policy.retriesInPlace || this.#draining || isLast || this.#now + seconds * 1_000 >= lease.limitAt) {
      return this.#release(lease, seconds);
    }
    // The message and its followers stay here, leased, and it is retried before them.
    this.#attempts.retriedInPlace(lease);
    lease.holder = this;
    const retryAt = this.#now + seconds * 1_000;
    this.#retryAt.set(lease, retryAt);
    this.#buffer.putBack(lease, retryAt);
    this.#scheduleRetry();
  }

  #backoff(attempt: number): number {
    const { retry, logger } = this.#options;
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
    const now = this.#now;
    const readyAt = this.#buffer.nextReadyAt(now);
    if (Number.isFinite(readyAt)) {
      this.#retryTimer = this.#options.clock.after(readyAt - now, () => {
        this.#retryTimer = undefined;
        this.#listener.changed();
        // Other groups may wait for a later time.
        this.#scheduleRetry();
      });
    }
  }

  async #release(lease: Lease, seconds: number): Promise<void> {
    const followers = this.#buffer.drop(lease);
    this.#end(lease);
    await this.#settler.release(lease, this.#hideableSeconds(lease, seconds));
    // Followers become visible only behind the failed message, which still blocks their group.
    await this.#releaseUnstarted(followers);
    this.#groupDone(lease);
  }

  /** A whole number of seconds that SQS accepts: no message is hidden for longer than 12 hours. */
  #hideableSeconds(lease: Lease, seconds: number): number {
    const longest = Math.max(0, Math.floor((lease.hardLimitAt - this.#now) / 1_000));
    return Math.min(Math.ceil(seconds), longest);
  }

  /** The job cannot wait for its dependency here. */
  async #postpone(lease: Lease): Promise<void> {
    const followers = this.#buffer.drop(lease);
    this.#end(lease);
    await this.#giveBack(lease, 0);
    await this.#releaseUnstarted(followers, true);
    this.#groupDone(lease);
  }

  /**
   * Returns a message to its queue without using up an attempt: on a standard queue a new message takes its place. On a
   * FIFO queue that would change the order, so the message is released, and this worker remembers the delivery.
   */
  #giveBack(lease: Lease, hiddenSeconds: number): Promise<void> {
    const returned = this.#sendAnew(lease, hiddenSeconds).finally(() => this.#returns.delete(lease));
    this.#returns.set(lease, returned);
    return returned;
  }

  async #sendAnew(lease: Lease, hiddenSeconds: number): Promise<void> {
    const copy = this.queue.policy.canResend ? resendOf(lease.message, this.attemptOf(lease) - 1) : undefined;
    if (copy !== undefined) {
      try {
        await this.#calls.send(copy);
        await this.#settler.delete(lease, Number.POSITIVE_INFINITY);
        return;
      } catch (error) {
        this.#options.logger.warn(
          { messageId: lease.id, queue: this.queue.name, err: error },
          'message could not be sent anew; it is released, which counts as an attempt for another worker',
        );
      }
    }
    this.#attempts.postponed(lease);
    await this.#settler.release(lease, this.#hideableSeconds(lease, hiddenSeconds));
  }

  /** @param isPostponed whether they wait for a dependency */
  async #releaseUnstarted(
    leases: readonly Lease[],
    isPostponed = this.#pauses.admission(this) !== 'all',
  ): Promise<void> {
    if (leases.length === 0) {
      return;
    }
    // Open receives of this worker, and of others that stop with it, would receive them again, each time at the cost of
    // an attempt. One that waits for its next attempt stays hidden until then, with its group behind it.
    const visibleAt = this.#now + (this.#draining ? this.receiver.openForMs : 0);
    const releases = leases.map((lease) => ({
      lease,
      isLast: this.isLastAttempt(lease),
      seconds: this.#hideableSeconds(lease, (Math.max(visibleAt, this.#retryAt.get(lease) ?? 0) - this.#now) / 1_000),
    }));
    leases.forEach((lease) => this.#end(lease));
    this.#listener.messagesReleased(this.queue.name, leases.length);
    // Each delivery counts as an attempt that no handler saw; this line explains the receive count of a dead-letter
    // message.
    this.#options.logger.info(
      {
        queue: this.queue.name,
        messages: leases.map(({ id, message }) => ({ messageId: id, attempt: message.receiveCount })),
      },
      'messages released before they started',
    );
    await Promise.all(
      releases.map(({ lease, seconds, isLast }) =>
        // After its last receive SQS would move the message without an attempt.
        isPostponed || isLast ? this.#giveBack(lease, seconds) : this.#settler.release(lease, seconds),
      ),
    );
  }

  async #lose(lease: Lease): Promise<void> {
    this.#end(lease);
    await this.#releaseFollowers(lease);
    this.#groupDone(lease);
  }

  #releaseFollowers(lease: Lease): Promise<void> {
    return this.#releaseUnstarted(this.#buffer.drop(lease));
  }

  #groupDone(lease: Lease): void {
    if (this.#buffer.groupDone(lease)) {
      this.#listener.changed();
    }
  }

  #end(lease: Lease): void {
    this.#keeper.drop(lease);
    this.#attempts.ended(lease);
    this.#retryAt.delete(lease);
    this.#ledger.settled(lease);
  }
}
