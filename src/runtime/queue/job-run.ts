import { type DecodedBody, decodeBody, isCorrelationId, validateBody } from './body-decoder.js';
import { type Job, type JobContext } from './job.js';
import { type Lease } from './lease.js';
import { type ResolvedQueue } from './poller-options.js';
import { type ContinuationMessage, MessageAttributeNames } from '../../contract/job-message.js';
import {
  HandlerTimeout,
  HandOffRefused,
  hasCode,
  type JobAborted,
  LeaseLost,
  type PoisonMessage,
  type RetryLater,
  Shutdown,
} from '../errors.js';
import { type Clock, type Timer } from '../support/clock.js';
import { defined } from '../support/defined.js';
import { type AroundJob, type JobInfo } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';

/**
 * A handler that does not end this long after its signal aborted is given up; it keeps its slot, since it still uses
 * the machine.
 */
const ABANDON_AFTER_MS = 30_000;
const ABANDON_AT_SHUTDOWN_AFTER_MS = 500;

/** What becomes of the message. */
export type Outcome =
  | { readonly kind: 'succeeded' }
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
  /** Settles when the handler has ended, which may be later than the outcome, with how it ended; it never rejects. */
  readonly ended: Promise<Outcome>;
  /** Filled as far as the body could be decoded. */
  info: JobInfo;

  readonly #options: JobRunOptions;
  readonly #controller = new AbortController();
  /** One for each job and not one for the worker, or the listeners of all its jobs would pile up on that. */
  readonly #stopping = new AbortController();
  #decide!: (outcome: Outcome) => void;
  #timeout: Timer | undefined;
  #abandonment: { readonly at: number; readonly timer: Timer } | undefined;
  #started = false;
  #over = false;
  /** What became of the continuation; undefined when nobody asked for one, or knows already that it failed. */
  #handOff: Promise<Outcome> | undefined;
  #log: Logger | undefined;

  constructor(options: JobRunOptions) {
    const { lease, queue, clock } = options;
    this.lease = lease;
    this.#options = options;
    this.startedAt = clock.now();
    this.info = describe(lease, queue, options.attempt);
    lease.onTrouble = (trouble) => this.abort(trouble);
    this.outcome = new Promise((resolve) => (this.#decide = resolve));
    const work = this.#work();
    void work.then((outcome) => {
      this.#over = true;
      this.#timeout?.cancel();
      this.#abandonment?.timer.cancel();
      this.#decide(outcome);
    });
    // Whoever waits for `ended` hears of it before those who wait for `outcome`: the slot is free before the fate is
    // handled.
    this.ended = work;
  }

  get log(): Logger {
    const { messageId, queueName, correlationId, attempt, file } = this.info;
    this.#log ??= this.#options.logger.child({
      correlationId,
      messageId,
      queue: queueName,
      attempt,
      ...(file === undefined ? {} : { file }),
    });
    return this.#log;
  }

  /** The worker begins to stop; the job may still finish. */
  tellStopping(reason: Error): void {
    this.#stopping.abort(reason);
  }

  /** Tells the handler to stop. The first reason stands; the earliest of the times to give it up counts. */
  abort(reason: JobAborted): void {
    this.#controller.abort(reason);
    if (this.#over || (reason instanceof LeaseLost && reason.reason === 'limit')) {
      return;
    }
    const patience = reason instanceof Shutdown ? ABANDON_AT_SHUTDOWN_AFTER_MS : ABANDON_AFTER_MS;
    const at = this.#options.clock.now() + (this.#started ? patience : 0);
    if (at < (this.#abandonment?.at ?? Number.POSITIVE_INFINITY)) {
      this.#abandonment?.timer.cancel();
      this.#abandonment = {
        at,
        timer: this.#options.clock.after(at - this.#options.clock.now(), () => void this.#abandon(reason)),
      };
    }
  }

  async #abandon(reason: JobAborted): Promise<void> {
    this.#timeout?.cancel();
    if (this.#started) {
      this.#options.onAbandoned(this);
    }
    // A continuation that is under way decides: without it, to delete the message would be to lose the job.
    const handOff = await this.#handOff;
    this.#decide(handOff?.kind === 'handed-off' ? handOff : this.#classify(reason));
  }

  async #work(): Promise<Outcome> {
    const { lease, queue, aroundJob, attempt } = this.#options;
    let outcome: Outcome = { kind: 'succeeded' };
    try {
      const decoded = decodeBody(lease.message.body, queue.schema !== undefined);
      this.info = describe(lease, queue, attempt, decoded);
      if (decoded.kind === 'test-event') {
        return { kind: 'ignored' };
      }
      const body = queue.schema === undefined ? decoded.body : await validateBody(queue.schema, decoded.body);
      const job = this.#job(decoded, body);
      const context = this.#context(decoded);
      await aroundJob(this.info, async () => {
        // What is around a job may have held it until its message was no longer ours.
        context.signal.throwIfAborted();
        this.#started = true;
        this.#startTimeout();
        await queue.handler(job, context);
      });
    } catch (error) {
      outcome = this.#classify(error);
    }
    const handOff = await this.#handOff;
    return handOff !== undefined && (handOff.kind === 'handed-off' || outcome.kind === 'succeeded') ? handOff : outcome;
  }

  #classify(error: unknown): Outcome {
    if (this.lease.lost !== undefined) {
      return { kind: 'lost' };
    }
    if (hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
      return { kind: 'poisoned', error, reason: error.message };
    }
    if (hasCode<RetryLater>(error, 'ERR_RETRY_LATER')) {
      return { kind: 'failed', error, retryAfterSeconds: error.seconds };
    }
    if (error instanceof Shutdown || this.#controller.signal.reason instanceof Shutdown) {
      return { kind: 'released' };
    }
    return { kind: 'failed', error };
  }

  #startTimeout(): void {
    const { clock, handlerTimeoutSeconds } = this.#options;
    if (handlerTimeoutSeconds !== undefined) {
      this.#timeout = clock.after(handlerTimeoutSeconds * 1_000, () =>
        this.abort(new HandlerTimeout(handlerTimeoutSeconds, this.lease.id)),
      );
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
    const { attempt, maxReceiveCount, clock } = this.#options;
    const log = () => this.log;
    return {
      signal: this.#controller.signal,
      stopping: this.#stopping.signal,
      attempt,
      isLastAttempt: maxReceiveCount !== undefined && attempt >= maxReceiveCount,
      correlationId: this.info.correlationId,
      get log() {
        return log();
      },
      state: decoded.continuation?.state,
      generation: decoded.continuation?.generation ?? 0,
      leaseEndsAt: new Date(clock.date().getTime() + this.lease.limitAt - clock.now()),
      handOff: (state) => this.#sendContinuation(decoded, state),
    };
  }

  async #sendContinuation(decoded: DecodedBody, state: unknown): Promise<void> {
    if (this.#options.queue.fifo) {
      throw new HandOffRefused(
        `queue ${this.info.queueName} is FIFO: the rest of the job would come behind later messages of its group`,
      );
    }
    if (this.lease.lost !== undefined) {
      throw new HandOffRefused(
        `the lease of message ${this.lease.id} is lost: another worker may have the job already`,
      );
    }
    if (this.#handOff !== undefined) {
      throw new HandOffRefused(`message ${this.lease.id} was handed off already`);
    }
    const sending = this.#options.sendContinuation({
      fileworksContinuation: 1,
      correlationId: this.info.correlationId,
      body: decoded.continuation?.firstBody ?? this.lease.message.body,
      state: state ?? null,
      generation: (decoded.continuation?.generation ?? 0) + 1,
    });
    this.#handOff = sending.then(
      (): Outcome => ({ kind: 'handed-off' }),
      (error: unknown): Outcome => ({ kind: 'failed', error }),
    );
    try {
      await sending;
    } catch (error) {
      this.#handOff = undefined;
      throw error;
    }
  }
}

function describe(lease: Lease, queue: ResolvedQueue, attempt: number, decoded?: DecodedBody): JobInfo {
  const { message } = lease;
  const object = decoded?.objects[0];
  const attribute = message.attributes[MessageAttributeNames.correlationId]?.StringValue;
  return {
    messageId: message.messageId,
    queueName: queue.name,
    queueUrl: queue.url,
    attempt,
    correlationId: decoded?.correlationId ?? (isCorrelationId(attribute) ? attribute : message.messageId),
    ...(object === undefined ? {} : { file: `${object.bucket}/${object.key}` }),
    ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
    ...defined({
      traceHeader: message.traceHeader,
      traceparent: message.attributes.traceparent?.StringValue,
      tracestate: message.attributes.tracestate?.StringValue,
    }),
    ...(message.sentAt === undefined ? {} : { sentAt: message.sentAt }),
  };
}
