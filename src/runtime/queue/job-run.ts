import { type DecodedBody, decodeBody, validateBody } from './body-decoder.js';
import { attributesOf, describeJob } from './describe-job.js';
import { type Job, type JobContext } from './job.js';
import { type Lease, type LeaseHolder } from './lease.js';
import { type Outcome, type PollerListener } from './poller-events.js';
import { type ResolvedQueue } from './poller-options.js';
import { type ContinuationMessage } from '../../contract/job-message.js';
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
import { faultOf } from '../support/faults.js';
import { type AroundJob, type JobInfo } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';
import { type Work } from '../support/pauses.js';
import { messageOf, readable } from '../support/thrown.js';
import { untilAborted } from '../support/until-aborted.js';

/** How long after its signal aborted a handler is abandoned. It keeps its slot, since it still uses the machine. */
const ABANDON_AFTER_MS = 30_000;
const ABANDON_AT_SHUTDOWN_AFTER_MS = 500;

/** What a run needs of the queue of its message. */
export interface JobSource {
  readonly queue: ResolvedQueue;
  attemptOf(lease: Lease): number;
  isLastAttempt(lease: Lease): boolean;
  /** The jobs that wait for a dependency and need no slot. */
  readonly dormant: Set<JobRun>;
  /** Puts the rest of a job on the queue. */
  sendContinuation(lease: Lease, continuation: ContinuationMessage): Promise<void>;
}

export interface JobRunOptions {
  readonly handlerTimeoutSeconds: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly aroundJob: AroundJob;
}

/** A dependency was unavailable, and the job could wait for it no longer. */
class Postponed extends Error {
  constructor(readonly error: unknown) {
    super('postponed');
  }
}

/**
 * One job on one lease, from decoding the body to the outcome. The handler runs again, on the same lease, when a
 * dependency that refused it is back.
 */
export class JobRun implements LeaseHolder {
  readonly lease: Lease;
  readonly startedAt: number;
  /** Resolves when it is known what happens to the message; never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Resolves with how the handler ended, which may be later than the outcome; never rejects. */
  readonly ended: Promise<Outcome>;
  /** As complete as the body could be decoded. */
  info: JobInfo;

  readonly #attempt: number;
  readonly #work: Work;
  readonly #source: JobSource;
  readonly #options: JobRunOptions;
  readonly #listener: PollerListener;
  readonly #controller = new AbortController();
  /** One for each job, since the listeners of all jobs would accumulate on one of the worker. */
  readonly #stopping = new AbortController();
  #decide!: (outcome: Outcome) => void;
  #timeout: Timer | undefined;
  #abandonment: { readonly at: number; readonly timer: Timer } | undefined;
  #started = false;
  #over = false;
  #waitedMs = 0;
  /** Ends the wait for a dependency; set when it is the job's turn. */
  #resume: (() => void) | undefined;
  #abandoned = false;
  /** The continuation; undefined when the handler sent none, or was informed that it failed. */
  #handOff: Promise<Outcome> | undefined;
  #log: Logger | undefined;

  constructor(lease: Lease, source: JobSource, work: Work, options: JobRunOptions, listener: PollerListener) {
    this.lease = lease;
    this.#work = work;
    this.#source = source;
    this.#options = options;
    this.#listener = listener;
    this.#attempt = source.attemptOf(lease);
    this.startedAt = options.clock.now();
    this.info = describeJob(lease, source.queue, this.#attempt);
    lease.holder = this;
    this.outcome = new Promise((resolve) => (this.#decide = resolve));
    const ended = this.#process();
    void ended.then((outcome) => {
      this.#over = true;
      this.#timeout?.cancel();
      this.#abandonment?.timer.cancel();
      this.#decide(outcome);
    });
    // `ended` resolves before `outcome`: the slot is free before the message is settled.
    this.ended = ended;
  }

  /** Whether the worker no longer waits for the handler. */
  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  /** Whether the job has waited for a dependency and may run again, when there is a slot. */
  get isResumable(): boolean {
    return this.#resume !== undefined;
  }

  /** Milliseconds since the start, without those in which it waited for a dependency. */
  get workedMs(): number {
    return this.#options.clock.now() - this.startedAt - this.#waitedMs;
  }

  /** Gives a job that waited its slot back. */
  resume(): void {
    this.#resume?.();
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

  leaseEnds(_: Lease, reason: LeaseLost): void {
    this.abort(reason);
  }

  /** The worker begins to stop; the job may still finish. */
  announceStop(reason: Error): void {
    this.#stopping.abort(reason);
  }

  /** Aborts the handler. The first reason stands; of several times to abandon it, the earliest. */
  abort(reason: JobAborted): void {
    this.#controller.abort(reason);
    if (this.#over || (reason instanceof LeaseLost && reason.reason === 'limit')) {
      return;
    }
    const graceMs = reason instanceof Shutdown ? ABANDON_AT_SHUTDOWN_AFTER_MS : ABANDON_AFTER_MS;
    const at = this.#options.clock.now() + (this.#started ? graceMs : 0);
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
      this.#abandoned = true;
      this.log.error({}, 'handler ignores its signal and is abandoned; it keeps its slot until it ends');
      this.#listener.jobAbandoned(this.info);
    }
    // A continuation that is being sent decides: if it fails, deleting the message would lose the job.
    const handOff = await this.#handOff;
    this.#decide(handOff?.kind === 'handed-off' ? handOff : this.#classify(reason));
  }

  async #process(): Promise<Outcome> {
    const { lease } = this;
    const { queue } = this.#source;
    let outcome: Outcome = { kind: 'succeeded' };
    // One that the handler did not wait for decides, too, although it fails after the handler has returned.
    let handOff: Promise<Outcome> | undefined;
    try {
      const decoded = decodeBody(lease.message.body, queue.schema !== undefined);
      this.info = describeJob(lease, queue, this.#attempt, decoded);
      if (decoded.kind === 'test-event') {
        return { kind: 'ignored' };
      }
      const body = queue.schema === undefined ? decoded.body : await validateBody(queue.schema, decoded.body);
      const job = this.#job(decoded, body);
      const context = this.#context(decoded);
      await this.#untilAnswered(() =>
        this.#options.aroundJob(this.info, async () => {
          // `aroundJob` may have delayed the job until its lease was lost.
          context.signal.throwIfAborted();
          this.#started = true;
          this.#startTimeout();
          try {
            await queue.handler(job, context);
          } catch (error) {
            throw readable(error);
          } finally {
            handOff = this.#handOff;
          }
        }),
      );
    } catch (error) {
      outcome = this.#classify(readable(error));
    } finally {
      this.#work.ended();
    }
    const sent = await handOff;
    return sent !== undefined && (sent.kind === 'handed-off' || outcome.kind === 'succeeded') ? sent : outcome;
  }

  /** Runs the handler until no dependency refuses it. */
  async #untilAnswered(run: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await run();
        this.#work.succeeded();
        return;
      } catch (error) {
        await this.#waitForDependency(error);
      }
    }
  }

  /** @throws the error itself, unless a dependency is to blame for it; `Postponed` when the job can wait no longer */
  async #waitForDependency(error: unknown): Promise<void> {
    const fault = faultOf(error);
    // After its abort a handler says nothing about its dependencies; what was handed off does not run again.
    if (fault.kind !== 'world' || this.#controller.signal.aborted || this.#handOff !== undefined) {
      throw error;
    }
    this.#started = false;
    this.#timeout?.cancel();
    let resolve: () => void;
    const turn = new Promise<void>((done) => (resolve = done));
    const wait = this.#work.refused(fault, error, () => {
      this.#resume = () => {
        this.#resume = undefined;
        this.#source.dormant.delete(this);
        resolve();
      };
      this.#listener.changed();
    });
    if (wait === undefined) {
      throw error;
    }
    const { clock } = this.#options;
    const since = clock.now();
    this.#source.dormant.add(this);
    this.log.info({ dependency: fault.dependency, err: error }, 'job waits for a dependency; its lease is kept');
    this.#listener.changed();
    try {
      await untilAborted(turn, AbortSignal.any([this.#controller.signal, this.#stopping.signal]));
    } catch {
      throw new Postponed(error);
    } finally {
      this.#resume = undefined;
      this.#source.dormant.delete(this);
      this.#waitedMs += clock.now() - since;
      wait.cancel();
    }
    this.#work.resumed();
  }

  #classify(error: unknown): Outcome {
    if (this.lease.state === 'lost') {
      return { kind: 'lost' };
    }
    if (error instanceof Postponed) {
      return { kind: 'postponed', error: error.error };
    }
    if (hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
      return { kind: 'poisoned', error, reason: messageOf(error) };
    }
    if (hasCode<RetryLater>(error, 'ERR_RETRY_LATER')) {
      const { seconds } = error;
      return { kind: 'failed', error, ...(seconds >= 0 && { retryAfterSeconds: seconds }) };
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
      id: message.resent?.id ?? message.messageId,
      queueName: this.info.queueName,
      kind: decoded.kind,
      type: decoded.type,
      body,
      object: decoded.objects[0],
      objects: decoded.objects,
      groupId: message.groupId,
      sentAt: this.info.sentAt === undefined ? undefined : new Date(this.info.sentAt),
      attributes: attributesOf(this.lease, decoded),
    };
  }

  #context(decoded: DecodedBody): JobContext {
    const { clock } = this.#options;
    const attempt = this.#attempt;
    const log = () => this.log;
    return {
      signal: this.#controller.signal,
      stopping: this.#stopping.signal,
      attempt,
      isLastAttempt: this.#source.isLastAttempt(this.lease),
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
    this.#source.queue.policy.checkHandOff(this.info.queueName);
    if (this.lease.state === 'lost') {
      throw new HandOffRefused(
        `the lease of message ${this.lease.id} is lost: another worker may have the job already`,
      );
    }
    if (this.#handOff !== undefined) {
      throw new HandOffRefused(`message ${this.lease.id} was handed off already`);
    }
    const sending = this.#source.sendContinuation(this.lease, {
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
