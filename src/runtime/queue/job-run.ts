import { type DecodedBody, decodeBody, validateBody } from './body-decoder.js';
import { type Job, type JobContext } from './job.js';
import { type Lease } from './lease.js';
import { type ResolvedQueue } from './poller-options.js';
import { type ContinuationMessage, MessageAttributeNames } from '../../contract/job-message.js';
import { HandlerTimeout, HandOffRefused, hasCode, type JobAborted, LeaseLost, type PoisonMessage, type RetryLater, Shutdown } from '../errors.js';
import { type Clock, type Timer } from '../support/clock.js';
import { type AroundJob, type JobInfo } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';

/** A handler that does not end this long after its signal aborted is given up; it keeps its slot, since it still uses the machine. */
const AbandonAfterMs = { shutdown: 500, timeout: 30_000, lost: 30_000 } as const;

/** What becomes of the message. */
export type Outcome
  = | { readonly kind: 'succeeded' }
  /** Not a job at all, such as the test event of S3. */
    | { readonly kind: 'ignored' }
    | { readonly kind: 'handed-off' }
    | { readonly kind: 'failed'; readonly error: unknown; readonly retryAfterSeconds?: number }
    | { readonly kind: 'poisoned'; readonly error: unknown; readonly reason: string }
  /** Unfinished because the worker stops. */
    | { readonly kind: 'released' }
  /** No longer ours. */
    | { readonly kind: 'lost' };

export interface JobRunOptions {
  readonly lease: Lease;
  readonly queue: ResolvedQueue;
  readonly attempt: number;
  readonly maxReceiveCount: number | undefined;
  readonly handlerTimeoutSeconds: number | undefined;
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly aroundJob: AroundJob;
  readonly sendContinuation: (message: ContinuationMessage) => Promise<void>;
  readonly onAbandoned: (run: JobRun) => void;
}

/** One handler at work on one message, from decoding its body to the outcome. */
export class JobRun {
  readonly lease: Lease;
  readonly startedAt: number;
  /** Settles when the fate of the message is known; it never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Settles when the handler has ended, which may be later than the outcome; it never rejects. */
  readonly ended: Promise<unknown>;
  /** Filled as far as the body could be decoded. */
  info: JobInfo;

  readonly #options: JobRunOptions;
  readonly #controller = new AbortController();
  #decide!: (outcome: Outcome) => void;
  #timeout: Timer | undefined;
  #abandon: Timer | undefined;
  #handedOff = false;
  #log: Logger | undefined;

  constructor(options: JobRunOptions) {
    const { lease, queue, clock } = options;
    this.lease = lease;
    this.#options = options;
    this.startedAt = clock.now();
    this.info = describe(lease, queue, options.attempt);
    lease.onTrouble = (trouble) => this.abort(trouble);
    this.outcome = new Promise((resolve) => this.#decide = resolve);
    const work = this.#work();
    void work.then((outcome) => {
      this.#timeout?.cancel();
      this.#abandon?.cancel();
      this.#decide(outcome);
    });
    // Whoever waits for `ended` hears of it before those who wait for `outcome`: the slot is free before the fate is handled.
    this.ended = work;
  }

  get log(): Logger {
    const { messageId, queueName, correlationId, attempt, file } = this.info;
    this.#log ??= this.#options.logger.child({ correlationId, messageId, queue: queueName, attempt, ...(file === undefined ? {} : { file }) });
    return this.#log;
  }

  /** Tells the handler to stop. The first reason stands; a lease that is lost after its limit was told only changes the outcome. */
  abort(reason: JobAborted): void {
    this.#controller.abort(reason);
    if (reason instanceof LeaseLost && reason.reason === 'limit') {
      return;
    }
    const [waitMs, outcome]: [number, Outcome] = reason instanceof Shutdown
      ? [AbandonAfterMs.shutdown, { kind: 'released' }]
      : reason instanceof HandlerTimeout
        ? [AbandonAfterMs.timeout, { kind: 'failed', error: reason }]
        : [AbandonAfterMs.lost, { kind: 'lost' }];
    this.#abandon?.cancel();
    this.#abandon = this.#options.clock.after(waitMs, () => {
      this.#decide(this.#handedOff ? { kind: 'handed-off' } : outcome);
      this.#options.onAbandoned(this);
    });
  }

  async #work(): Promise<Outcome> {
    const { lease, queue, aroundJob, attempt } = this.#options;
    try {
      const decoded = decodeBody(lease.message.body, queue.schema !== undefined);
      this.info = describe(lease, queue, attempt, decoded);
      if (decoded.kind === 'test-event') {
        return { kind: 'ignored' };
      }
      const body = queue.schema === undefined ? decoded.body : await validateBody(queue.schema, decoded.body);
      this.#startTimeout();
      const job = this.#job(decoded, body);
      const context = this.#context(decoded);
      await aroundJob(this.info, async () => {
        await queue.handler(job, context);
      });
      return this.#handedOff ? { kind: 'handed-off' } : { kind: 'succeeded' };
    } catch (error) {
      return this.#classify(error);
    }
  }

  #classify(error: unknown): Outcome {
    const { signal } = this.#controller;
    if (this.#handedOff) {
      return { kind: 'handed-off' };
    }
    if (this.lease.lost !== undefined) {
      return { kind: 'lost' };
    }
    if (hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
      return { kind: 'poisoned', error, reason: error.message };
    }
    if (hasCode<RetryLater>(error, 'ERR_RETRY_LATER')) {
      return { kind: 'failed', error, retryAfterSeconds: error.seconds };
    }
    if (signal.reason instanceof Shutdown) {
      return { kind: 'released' };
    }
    return { kind: 'failed', error };
  }

  #startTimeout(): void {
    const { clock, handlerTimeoutSeconds } = this.#options;
    if (handlerTimeoutSeconds !== undefined) {
      this.#timeout = clock.after(handlerTimeoutSeconds * 1_000, () => this.abort(new HandlerTimeout(handlerTimeoutSeconds, this.lease.id)));
    }
  }

  #job(decoded: DecodedBody, body: unknown): Job {
    const { message } = this.lease;
    return {
      id: message.messageId,
      queueName: this.info.queueName,
      kind: decoded.kind,
      type: decoded.type,
      body,
      object: decoded.objects[0],
      objects: decoded.objects,
      groupId: message.groupId,
      sentAt: message.sentAt === undefined ? undefined : new Date(message.sentAt),
      attributes: message.attributes,
    };
  }

  #context(decoded: DecodedBody): JobContext {
    const { attempt, maxReceiveCount, stopping, clock } = this.#options;
    const log = () => this.log;
    return {
      signal: this.#controller.signal,
      stopping,
      attempt,
      isLastAttempt: maxReceiveCount !== undefined && attempt >= maxReceiveCount,
      correlationId: this.info.correlationId,
      get log() {
        return log();
      },
      state: decoded.continuation?.state,
      generation: decoded.continuation?.generation ?? 0,
      leaseEndsAt: new Date(clock.date().getTime() + this.lease.limitAt - clock.now()),
      handOff: (state) => this.#handOff(decoded, state),
    };
  }

  async #handOff(decoded: DecodedBody, state: unknown): Promise<void> {
    if (this.#options.queue.fifo) {
      throw new HandOffRefused(`queue ${this.info.queueName} is FIFO: the rest of the job would come behind later messages of its group`);
    }
    if (this.lease.lost !== undefined) {
      throw new HandOffRefused(`the lease of message ${this.lease.id} is lost: another worker may have the job already`);
    }
    if (this.#handedOff) {
      throw new HandOffRefused(`message ${this.lease.id} was handed off already`);
    }
    this.#handedOff = true;
    try {
      await this.#options.sendContinuation({
        fileworksContinuation: 1,
        correlationId: this.info.correlationId,
        body: decoded.continuation?.firstBody ?? this.lease.message.body,
        state: state ?? null,
        generation: (decoded.continuation?.generation ?? 0) + 1,
      });
    } catch (error) {
      this.#handedOff = false;
      throw error;
    }
  }
}

function describe(lease: Lease, queue: ResolvedQueue, attempt: number, decoded?: DecodedBody): JobInfo {
  const { message } = lease;
  const object = decoded?.objects[0];
  return {
    messageId: message.messageId,
    queueName: queue.name,
    queueUrl: queue.url,
    attempt,
    correlationId: decoded?.correlationId ?? message.attributes[MessageAttributeNames.correlationId]?.StringValue ?? message.messageId,
    ...(object === undefined ? {} : { file: `${object.bucket}/${object.key}` }),
    ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
    ...(message.traceHeader === undefined ? {} : { traceHeader: message.traceHeader }),
    ...(message.sentAt === undefined ? {} : { sentAt: message.sentAt }),
  };
}
