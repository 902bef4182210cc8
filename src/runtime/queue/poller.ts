import { JobRun } from './job-run.js';
import { type Lease, LeaseKeeper } from './lease.js';
import { type DrainReport, type PollerEvents, PollerReporter, type PollerState } from './poller-events.js';
import { type QueuePollerOptions, type ResolvedOptions, resolveOptions } from './poller-options.js';
import { QueueLane } from './queue-lane.js';
import { ProtectionKeeper } from './scale-in-protection.js';
import { PrefetchPlanner, type SlotChooser, strictPriority, weightedRoundRobin } from './slot-planner.js';
import { Shutdown } from '../errors.js';
import { type Clock, sleep, type Timer } from '../support/clock.js';
import { Deadline } from '../support/deadline.js';
import { type UnavailableDependency, Pauses } from '../support/pauses.js';
import { messageOf } from '../support/thrown.js';

const TICK_MS = 5_000;
/** A message that waits longer for a slot than this is released: jobs take longer than the prefetch assumed. */
const MAX_WAIT_FOR_SLOT_MS = 30_000;
/** After receives have failed for this long without a success, a restart is more likely to help than a retry. */
const STALL_MS = 90_000;
/**
 * After a dependency has been unavailable for this long, the jobs that wait for it no longer protect the task: scale-in
 * leaves one that probes.
 */
const PROTECTED_WHILE_UNAVAILABLE_MS = 600_000;
/** Part of the reserve that is left for the end of the process, after the last delete and release. */
const EXIT_MARGIN_SHARE = 0.2;

export interface PollerHealth {
  /** Whether this process can work; if not, it should be replaced. */
  readonly live: boolean;
  /** Whether it takes new messages. */
  readonly ready: boolean;
  /** The reasons, when it is not live or not ready. */
  readonly problems: readonly string[];
}

export interface PollerStats {
  readonly state: PollerState;
  readonly running: number;
  /** Messages that are leased and wait for a slot. */
  readonly waiting: number;
  readonly receivers: number;
  /** The dependencies that are unavailable, and the queues whose jobs wait for them. */
  readonly unavailable: readonly UnavailableDependency[];
}

export interface StopOptions {
  /** The reason, for the log. @default stop() */
  readonly reason?: string;
  /** Unfinished work is released after this many seconds. @default - stop timeout less the reserve */
  readonly deadlineSeconds?: number;
}

/**
 * Processes the messages of one or more SQS queues: with slots instead of batches, leases that are extended and whose
 * loss aborts the handler, and a drain that releases unfinished work.
 *
 * States: created → running → draining → releasing → stopped.
 *
 * - running: receives, starts jobs, extends leases.
 * - draining: receives nothing new and releases what has not started; jobs continue, with heartbeats. Open receives are
 *   not aborted, and what they bring is released, hidden until such receives have ended. Entered by `stop()` or when
 *   scale-in protection is refused.
 * - releasing: the deadline is reached. Handlers are aborted with `Shutdown`, and their messages released at once.
 * - stopped: every delete and release was sent and answered, or there was no time left.
 *
 * Delivery is at least once: a message is redelivered after a killed worker, a lost lease or a lost answer. The work
 * must be idempotent.
 */
export class QueuePoller {
  readonly #o: ResolvedOptions;
  readonly #reporter: PollerReporter;
  readonly #lanes: readonly QueueLane[];
  readonly #choose: SlotChooser<QueueLane>;
  readonly #keeper: LeaseKeeper;
  readonly #planner: PrefetchPlanner;
  readonly #protection: ProtectionKeeper;
  readonly #pauses: Pauses;
  readonly #runs = new Set<JobRun>();
  readonly #settling = new Set<Promise<void>>();
  /** Resolves when the poller has stopped, for whatever reason. */
  readonly stopped: Promise<DrainReport>;
  #resolveStopped!: (report: DrainReport) => void;
  #state: PollerState = 'created';
  #paused = false;
  #tick: Timer | undefined;
  #deadline: Deadline | undefined;

  /** @throws ConfigurationError with every problem in the options */
  constructor(options: QueuePollerOptions) {
    this.#o = resolveOptions(options);
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    const { clock, logger, concurrency, queues, strategy } = this.#o;
    const listener = new PollerReporter(logger, {
      changed: () => this.#pump(),
      protectionRefused: () => void this.stop({ reason: 'scale-in protection refused' }),
    });
    this.#reporter = listener;
    this.#keeper = new LeaseKeeper(clock, this.#o.visibilitySeconds, listener);
    this.#pauses = new Pauses(clock, listener);
    this.#lanes = queues.map((queue) => new QueueLane(queue, this.#o, this.#keeper, this.#pauses, listener));
    this.#choose = strategy === 'strict' ? strictPriority(this.#lanes) : weightedRoundRobin(this.#lanes);
    this.#planner = new PrefetchPlanner(clock, concurrency, this.#o.prefetch);
    this.#protection = new ProtectionKeeper(this.#o.protection, clock, listener);
  }

  get state(): PollerState {
    return this.#state;
  }

  /** Returns a function that removes the listener. */
  on<Name extends keyof PollerEvents>(name: Name, listener: (payload: PollerEvents[Name]) => void): () => void {
    return this.#reporter.events.on(name, listener);
  }

  /** Starts to receive; resolves when the first receives are open. A poller starts once. */
  async start(): Promise<void> {
    if (this.#state !== 'created') {
      throw new Error(`a poller starts once; this one is ${this.#state}`);
    }
    this.#enter('running', 'start()');
    await Promise.all(this.#lanes.map((lane) => lane.readRedrivePolicy()));
    if (this.#stateIs('running')) {
      this.#scheduleTick();
      // A worker is started because there is work: acquire the protection before the first receive.
      this.#protection.ensure();
      this.#pump();
    }
  }

  /**
   * Stops and resolves with a report; never rejects. Further calls resolve with the same report; one with an earlier
   * deadline brings the deadline forward.
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

  /** Starts no jobs and opens no receives until `resume()`; running jobs continue and leases are extended. */
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
      unavailable: this.#pauses.unavailable,
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
    if ([...this.#runs].filter(({ isAbandoned }) => isAbandoned).length >= this.#o.concurrency) {
      problems.push('every slot is held by a handler that ignores its signal');
    }
    const live = problems.length === 0;
    if (this.#state !== 'running') {
      problems.push(`worker is ${this.#state}`);
    }
    return { live, ready: live && this.#state === 'running', problems };
  }

  /** Jobs that have a slot. */
  get #active(): number {
    return this.#runs.size - sum(this.#lanes, ({ dormant }) => dormant.size);
  }

  get #waiting(): number {
    return sum(this.#lanes, ({ waiting }) => waiting);
  }

  /** Reads the state again, where the compiler assumes an earlier one. */
  #stateIs(state: PollerState): boolean {
    return this.#state === state;
  }

  #enter(state: PollerState, reason: string): void {
    const from = this.#state;
    this.#state = state;
    this.#reporter.stateChanged({ from, to: state, reason }, { running: this.#runs.size, waiting: this.#waiting });
  }

  /** Starts the jobs that can start and receives what is missing. Called whenever either may have changed. */
  #pump(): void {
    if (this.#state !== 'running') {
      return;
    }
    const { concurrency, strategy } = this.#o;
    this.#keeper.catchUp();
    if (!this.#isProtected() || this.#paused) {
      return;
    }
    for (const run of this.#lanes.flatMap((lane) => [...lane.resumable()])) {
      if (this.#active < concurrency) {
        run.resume();
      }
    }
    while (this.#active < concurrency) {
      const lane = this.#choose();
      const lease = lane?.take();
      if (lane === undefined || lease === undefined) {
        break;
      }
      this.#run(lane, lease);
    }
    const free = concurrency - this.#active;
    for (const lane of this.#lanes) {
      const hasPriority = strategy === 'strict' && lane !== this.#lanes.at(-1);
      const prefetch = this.#planner.target(lane.meanBodyLength);
      lane.receiver.fill(lane.demand(free, prefetch, hasPriority && !lane.receiver.isQuiet));
      if (hasPriority && !isQuiet(lane)) {
        return;
      }
    }
  }

  /** Whether scale-in protection allows jobs to start and messages to be received. */
  #isProtected(): boolean {
    const isPaused =
      this.#active <= 1 &&
      this.#pauses.unavailable.some(({ unavailableMs }) => unavailableMs >= PROTECTED_WHILE_UNAVAILABLE_MS);
    if (this.#runs.size + this.#waiting > 0 && !isPaused) {
      return this.#protection.ensure();
    }
    if (this.#protection.isAcquiring) {
      return false;
    }
    this.#protection.idle();
    return true;
  }

  #run(lane: QueueLane, lease: Lease): void {
    const { logger } = this.#o;
    const run = new JobRun(lease, lane, this.#pauses.begin(lane, lease.id), this.#o, this.#reporter);
    this.#runs.add(run);
    this.#reporter.jobStarted(run.info);
    void run.ended.then((outcome) => {
      const durationMs = run.workedMs;
      this.#runs.delete(run);
      if (run.isAbandoned) {
        run.log.info({ durationMs: Math.round(durationMs) }, `abandoned handler has ended: ${outcome.kind}`);
      }
      lane.handlerEnded(lease, outcome);
      this.#planner.jobEnded(durationMs);
      this.#pump();
    });
    const settled = run.outcome
      .then(async (outcome) => {
        const durationMs = run.workedMs;
        try {
          this.#reporter.jobEnded(run.info, run.log, outcome, durationMs, lane.isLastAttempt(lease));
        } finally {
          await lane.settle(lease, outcome, durationMs);
        }
      })
      .catch((problem: unknown) => {
        logger.error({ messageId: lease.id, problem: messageOf(problem) }, 'job could not be reported');
      })
      .finally(() => this.#settling.delete(settled));
    this.#settling.add(settled);
  }

  #scheduleTick(): void {
    this.#tick = this.#o.clock.after(TICK_MS, () => {
      const time = this.#o.clock.now() - MAX_WAIT_FOR_SLOT_MS;
      this.#lanes.forEach((lane) => lane.releaseOlderThan(time));
      this.#pauses.unavailable.forEach((unavailable) => this.#reporter.dependencyStillUnavailable(unavailable));
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
    this.#pauses.close();
    this.#runs.forEach((run) => run.announceStop(new Error(`worker is stopping: ${reason}`)));
    this.#lanes.forEach((lane) => lane.drain());
    // What the open receives bring is released too, so they end first.
    const done = Promise.all(this.#lanes.map(({ receiver }) => receiver.stop())).then(() => this.#settled());
    const inTime = await Promise.race([done.then(() => true), deadline.reached.then(() => false)]);
    deadline.cancel();
    if (!inTime) {
      this.#enter('releasing', 'deadline');
      this.#lanes.forEach(({ receiver }) => receiver.abort());
      this.#runs.forEach((run) => run.abort(new Shutdown(run.lease.id)));
      await atMost(clock, releaseReserveSeconds * 1_000 - exitMarginMs, done);
      this.#lanes.forEach((lane) => lane.giveUp());
    }
    await atMost(clock, exitMarginMs, this.#protection.release());
    if (ownsTransport) {
      transport.close();
    }
    const report: DrainReport = {
      durationMs: Math.round(clock.now() - startedAt),
      ...this.#reporter.drained,
      abandoned: this.#runs.size,
    };
    logger.info(report, 'drain ended');
    this.#enter('stopped', reason);
    this.#resolveStopped(report);
  }

  /** Resolves when the outcome of every job is known and SQS has confirmed it. */
  async #settled(): Promise<void> {
    do {
      await Promise.all(this.#settling);
      await Promise.all(this.#lanes.map((lane) => lane.finish()));
    } while (this.#settling.size > 0);
  }
}

/** Whether, under strict priority, the queues after this one may be received from. */
function isQuiet({ waiting, receiver }: QueueLane): boolean {
  return waiting === 0 && (receiver.isQuiet || receiver.isFailing);
}

/** Waits for the work, at most `ms` milliseconds. */
async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work, sleep(clock, ms, enough.signal)]);
  enough.abort();
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
