import { Deadline } from './deadline.js';
import { JobRun, type Outcome } from './job-run.js';
import { LeaseKeeper } from './lease-keeper.js';
import { type Lease } from './lease.js';
import { type DrainReport, type PollerEvents, type PollerState } from './poller-events.js';
import { type QueuePollerOptions, type ResolvedOptions, resolveOptions } from './poller-options.js';
import { PrefetchPlanner } from './prefetch-planner.js';
import { ProtectionKeeper } from './protection-keeper.js';
import { QueueLane } from './queue-lane.js';
import { type SlotChooser, strictPriority, weightedRoundRobin } from './slot-chooser.js';
import { CallTimeout, Shutdown } from '../errors.js';
import { type Clock, sleep, type Timer } from '../support/clock.js';
import { Emitter } from '../support/emitter.js';

const TICK_MS = 5_000;
/** A message that waits longer for a slot than this is given back; the plan was wrong about the length of the jobs. */
const MAX_WAIT_FOR_SLOT_MS = 30_000;
/** Receives have failed for this long, one after another: a restart is the better chance. */
const STALL_MS = 90_000;
/** Part of the reserve that stays for the end of the process, after everything was flushed or given up. */
const EXIT_MARGIN_SHARE = 0.2;

export interface PollerHealth {
  /** Whether this process can still do its work; if not, it should be replaced. */
  readonly live: boolean;
  /** Whether it takes new work. */
  readonly ready: boolean;
  /** Why not. */
  readonly problems: readonly string[];
}

export interface PollerStats {
  readonly state: PollerState;
  readonly running: number;
  readonly waiting: number;
  readonly receivers: number;
}

export interface StopOptions {
  /** Why, for the log. @default stop() */
  readonly reason?: string;
  /** Unfinished work is given back after this many seconds. @default - stop timeout less the reserve */
  readonly deadlineSeconds?: number;
}

/**
 * Works on messages of one or more SQS queues: slots instead of batches, leases that are kept and known to end, and a
 * drain that gives
 * unfinished work back.
 *
 * States: created → running → draining → releasing → stopped.
 *
 * - running: receives, starts jobs, extends leases.
 * - draining: takes nothing new and gives back what has not started; jobs go on, with heartbeats. Open receives are
 *   left to answer, and
 *   what they bring is given back, hidden until such receives have ended. Entered by `stop()` or when scale-in
 * protection is refused.
 * - releasing: the deadline has come. Handlers are aborted with `Shutdown`, and their messages become visible at once.
 * - stopped: every delete and release was sent and answered, or there was no time left.
 *
 * Delivery is at least once: a killed worker, a lost lease or a lost answer brings a message again. The work must be
 * idempotent.
 */
export class QueuePoller {
  readonly #o: ResolvedOptions;
  readonly #events: Emitter<PollerEvents>;
  readonly #lanes: readonly QueueLane[];
  readonly #choose: SlotChooser;
  readonly #keeper: LeaseKeeper;
  readonly #planner: PrefetchPlanner;
  readonly #protection: ProtectionKeeper;
  readonly #runs = new Set<JobRun>();
  readonly #abandoned = new Set<JobRun>();
  readonly #settling = new Set<Promise<void>>();
  /** Resolves when the poller has stopped, whatever made it stop. */
  readonly stopped: Promise<DrainReport>;
  #resolveStopped!: (report: DrainReport) => void;
  #state: PollerState = 'created';
  #paused = false;
  #tick: Timer | undefined;
  #deadline: Deadline | undefined;
  #finishedInDrain = 0;

  /** @throws ConfigurationError with every problem in the options */
  constructor(options: QueuePollerOptions) {
    this.#o = resolveOptions(options);
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    const { clock, logger, concurrency } = this.#o;
    this.#events = new Emitter((error, event) => logger.error({ err: error, event }, 'listener failed'));
    this.#keeper = new LeaseKeeper({
      clock,
      visibilitySeconds: this.#o.visibilitySeconds,
      onExtended: (lease) => this.#events.emit('lease:extended', { queueName: lease.queueName, messageId: lease.id }),
      onLost: (lease) => this.#leaseLost(lease),
      onCallFailed: (error, { url }) => {
        logger.warn({ err: error, queueUrl: url }, 'leases could not be extended; trying again');
      },
    });
    this.#lanes = this.#o.queues.map(
      (queue) =>
        new QueueLane({
          queue,
          options: this.#o,
          keeper: this.#keeper,
          events: this.#events,
          isTaking: () => this.#state === 'running',
          onChange: () => this.#pump(),
          onReceiveFailed: (lane, error, failures) => this.#receiveFailed(lane, error, failures),
        }),
    );
    this.#choose = this.#o.strategy === 'strict' ? strictPriority(this.#lanes) : weightedRoundRobin(this.#lanes);
    this.#planner = new PrefetchPlanner(clock, concurrency, this.#o.prefetch);
    this.#protection = new ProtectionKeeper({
      protection: this.#o.protection,
      clock,
      onGranted: () => this.#pump(),
      onRefused: () => void this.stop({ reason: 'scale-in protection refused' }),
    });
  }

  get state(): PollerState {
    return this.#state;
  }

  /** Returns a function that removes the listener. */
  on<Name extends keyof PollerEvents>(name: Name, listener: (payload: PollerEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Begins to work; resolves when the first receives are on their way. A poller starts once. */
  async start(): Promise<void> {
    if (this.#state !== 'created') {
      throw new Error(`a poller starts once; this one is ${this.#state}`);
    }
    this.#enter('running', 'start()');
    await Promise.all(this.#lanes.map((lane) => lane.learn()));
    if (this.#stateIs('running')) {
      this.#scheduleTick();
      // A worker was started because there is work: ask for protection before the first receive.
      this.#protection.ensure();
      this.#pump();
    }
  }

  /**
   * Stops and resolves with how it went, never rejects. Further calls get the same answer; one with an earlier deadline
   * brings the
   * deadline forward.
   */
  stop(options: StopOptions = {}): Promise<DrainReport> {
    const { clock, stopTimeoutSeconds, releaseReserveSeconds } = this.#o;
    if (this.#deadline === undefined) {
      this.#deadline = new Deadline(
        clock,
        (options.deadlineSeconds ?? stopTimeoutSeconds - releaseReserveSeconds) * 1_000,
      );
      void this.#drain(this.#deadline, options.reason ?? 'stop()');
    } else if (options.deadlineSeconds !== undefined) {
      this.#deadline.bringTo(options.deadlineSeconds * 1_000);
    }
    return this.stopped;
  }

  /** Starts no jobs and opens no receives until `resume()`; running jobs go on and leases are kept. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  stats(): PollerStats {
    return {
      state: this.#state,
      running: this.#runs.size,
      waiting: this.#waiting,
      receivers: sum(this.#lanes, ({ receiver }) => receiver.open),
    };
  }

  health(): PollerHealth {
    const problems: string[] = [];
    const stalled = this.#lanes.filter(({ receiver }) => receiver.failingForMs >= STALL_MS);
    if (stalled.length > 0) {
      problems.push(
        `every receive from ${stalled.map(({ queue }) => queue.name).join(', ')} has failed for ${STALL_MS / 1_000} s`,
      );
    }
    if (this.#abandoned.size >= this.#o.concurrency) {
      problems.push('every slot is held by a handler that ignores its signal');
    }
    const live = problems.length === 0;
    if (this.#state !== 'running') {
      problems.push(`worker is ${this.#state}`);
    }
    return { live, ready: live && this.#state === 'running', problems };
  }

  get #waiting(): number {
    return sum(this.#lanes, ({ waiting }) => waiting);
  }

  /** Reads the state anew, where the compiler would remember an older one. */
  #stateIs(state: PollerState): boolean {
    return this.#state === state;
  }

  #enter(state: PollerState, reason: string): void {
    const from = this.#state;
    this.#state = state;
    this.#o.logger.info(
      { from, to: state, reason, running: this.#runs.size, waiting: this.#waiting },
      `worker is ${state}`,
    );
    this.#events.emit('state:changed', { from, to: state, reason });
  }

  /** Starts what can start and asks for what is missing. Cheap, and called whenever either may have changed. */
  #pump(): void {
    if (this.#state !== 'running') {
      return;
    }
    this.#keeper.catchUp();
    if (!this.#isProtected() || this.#paused) {
      return;
    }
    while (this.#runs.size < this.#o.concurrency) {
      const lane = this.#choose();
      const lease = lane?.take();
      if (lane === undefined || lease === undefined) {
        break;
      }
      this.#run(lane, lease);
    }
    this.#fill();
  }

  /** Whether work may start and messages may be received, as far as scale-in protection goes. */
  #isProtected(): boolean {
    if (this.#runs.size + this.#waiting > 0) {
      return this.#protection.ensure();
    }
    if (this.#protection.isAsking) {
      return false;
    }
    this.#protection.idle();
    return true;
  }

  #fill(): void {
    const free = this.#o.concurrency - this.#runs.size;
    for (const lane of this.#lanes) {
      const isPriority = this.#o.strategy === 'strict' && lane !== this.#lanes.at(-1);
      lane.fill(free, this.#planner.target(lane.meanBodyLength), isPriority && !lane.receiver.isQuiet);
      if (isPriority && !isQuiet(lane)) {
        return;
      }
    }
  }

  #run(lane: QueueLane, lease: Lease): void {
    const { clock, logger, aroundJob, handlerTimeoutSeconds } = this.#o;
    const run = new JobRun({
      lease,
      queue: lane.queue,
      attempt: lane.attemptOf(lease),
      maxReceiveCount: lane.maxReceiveCount,
      handlerTimeoutSeconds,
      clock,
      logger,
      aroundJob,
      sendContinuation: async (message) => lane.continueJob(lease, message),
      onAbandoned: (abandoned) => this.#abandon(abandoned),
    });
    this.#runs.add(run);
    this.#events.emit('job:started', { job: run.info });
    void run.ended.then(({ kind }) => {
      this.#runs.delete(run);
      if (this.#abandoned.delete(run)) {
        run.log.info(
          { durationMs: Math.round(clock.now() - run.startedAt) },
          `handler that was given up has ended: ${kind}`,
        );
      }
      lane.ended(lease, kind);
      this.#planner.jobEnded(clock.now() - run.startedAt);
      this.#pump();
    });
    const settled = run.outcome
      .then(async (outcome) => {
        const durationMs = clock.now() - run.startedAt;
        try {
          this.#report(run, outcome, durationMs);
        } finally {
          await lane.settle(lease, outcome, durationMs);
        }
      })
      .catch((problem: unknown) => {
        logger.error({ messageId: lease.id, problem: String(problem) }, 'job could not be reported');
      })
      .finally(() => this.#settling.delete(settled));
    this.#settling.add(settled);
  }

  #report(run: JobRun, outcome: Outcome, durationMs: number): void {
    const { info } = run;
    const error = 'error' in outcome ? outcome.error : undefined;
    if (this.#state !== 'running' && outcome.kind !== 'released') {
      this.#finishedInDrain += 1;
    }
    const fields = { durationMs: Math.round(durationMs), ...(error === undefined ? {} : { err: error }) };
    switch (outcome.kind) {
      case 'failed':
        run.log.warn(fields, 'job failed; it will be retried');
        break;
      case 'poisoned':
        run.log.error(fields, 'message is poison; it goes to the dead-letter queue');
        break;
      case 'lost':
        run.log.error(fields, 'job lost its lease; its work does not count');
        break;
      default:
        run.log.info(fields, `job ${outcome.kind}`);
    }
    this.#events.emit('job:ended', {
      job: info,
      result: outcome.kind,
      durationMs,
      ...(error === undefined ? {} : { error }),
    });
  }

  #abandon(run: JobRun): void {
    if (this.#runs.has(run)) {
      this.#abandoned.add(run);
      run.log.error(
        {},
        'handler ignores its signal; its message is given up and its slot stays occupied until it ends',
      );
      this.#events.emit('job:abandoned', { job: run.info });
    }
  }

  #leaseLost(lease: Lease): void {
    const { queueName } = lease;
    const cause = lease.lost ?? 'gone';
    this.#o.logger.warn({ messageId: lease.id, queue: queueName, cause }, 'lease lost');
    this.#events.emit('lease:lost', { queueName, messageId: lease.id, cause });
  }

  #receiveFailed({ queue }: QueueLane, error: unknown, consecutiveFailures: number): void {
    const log = { queue: queue.name, err: error, consecutiveFailures };
    if (error instanceof CallTimeout || isCredentialsError(error)) {
      this.#o.transport.reset();
      this.#o.logger.error(log, 'receive failed; trying again with new connections and credentials');
    } else {
      this.#o.logger.warn(log, 'receive failed; trying again');
    }
    this.#events.emit('receive:failed', { queueName: queue.name, error, consecutiveFailures });
  }

  #scheduleTick(): void {
    this.#tick = this.#o.clock.after(TICK_MS, () => {
      const time = this.#o.clock.now() - MAX_WAIT_FOR_SLOT_MS;
      this.#lanes.forEach((lane) => lane.releaseOlderThan(time));
      this.#pump();
      this.#scheduleTick();
    });
  }

  async #drain(deadline: Deadline, reason: string): Promise<void> {
    const { clock, releaseReserveSeconds, logger, transport, ownsTransport } = this.#o;
    const startedAt = clock.now();
    const exitMarginMs = releaseReserveSeconds * 1_000 * EXIT_MARGIN_SHARE;
    this.#enter('draining', reason);
    this.#tick?.cancel();
    this.#runs.forEach((run) => run.tellStopping(new Error(`worker is stopping: ${reason}`)));
    for (const lane of this.#lanes) {
      lane.hurry();
      void lane.releaseWaiting();
    }
    // What the last receives bring is given back too, so they come first.
    const done = Promise.all(this.#lanes.map(({ receiver }) => receiver.stop())).then(() => this.#settled());
    const inTime = await Promise.race([done.then(() => true), deadline.reached.then(() => false)]);
    deadline.cancel();
    if (!inTime) {
      this.#enter('releasing', 'deadline');
      this.#lanes.forEach(({ receiver }) => receiver.abort());
      this.#runs.forEach((run) => run.abort(new Shutdown(run.lease.id)));
      await atMost(clock, releaseReserveSeconds * 1_000 - exitMarginMs, done);
    }
    await atMost(clock, exitMarginMs, this.#protection.release());
    if (ownsTransport) {
      transport.close();
    }
    const report: DrainReport = {
      durationMs: Math.round(clock.now() - startedAt),
      finished: this.#finishedInDrain,
      released: sum(this.#lanes, (lane) => lane.released),
      abandoned: this.#runs.size,
      unconfirmed: sum(this.#lanes, (lane) => lane.unconfirmed),
    };
    logger.info(report, 'drain ended');
    this.#enter('stopped', reason);
    this.#resolveStopped(report);
  }

  /** Resolves when the fate of every job is known and the queues have confirmed it. */
  async #settled(): Promise<void> {
    do {
      await Promise.all(this.#settling);
      await Promise.all(this.#lanes.map((lane) => lane.finish()));
    } while (this.#settling.size > 0);
  }
}

/** Under strict priority the queues behind this one may be worked on. */
function isQuiet({ waiting, receiver }: QueueLane): boolean {
  return waiting === 0 && (receiver.isQuiet || receiver.isFailing);
}

/** Waits for the work, but no longer than this. */
async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, sleep(clock, ms, enough.signal)]);
  enough.abort();
}

function isCredentialsError(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Expired|Credential|InvalidClientTokenId|UnrecognizedClient|AccessDenied|InvalidSecurity|NotAuthorized/i.test(
      error.name,
    )
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
