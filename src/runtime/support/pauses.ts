import { BoundedMap } from './bounded-map.js';
import { backoffDelay } from './backoff.js';
import { type Clock, type Timer } from './clock.js';
import { type Fault } from './faults.js';

/** No dependency that is unavailable is called more often than this by one process, nor much later than it is back. */
const FIRST_PROBE_MS = 10_000;
const LAST_PROBE_MS = 60_000;
const PROBE_FACTOR = 1.5;
/** Part of a delay by which the probes of processes that met the failure together drift apart. */
const JITTER = 0.2;
/** Every third probe is new work: what waits may itself be wrong. */
const NEWCOMER_EVERY = 3;
/** A source without new work leaves the probe to what waits. */
const NEWCOMER_WITHIN_MS = 5_000;
/**
 * How often other work must prove that the dependency answers before a piece of work that it refuses every time is
 * taken for the cause.
 */
const CONTRADICTIONS = 3;
/** Pieces of work that were taken for the cause and are remembered. */
const MAX_SUSPECTS = 10_000;

/**
 * A probe that runs for twice as long as failures take has probably been answered, and may run for hours: the bounds of
 * the time after which work does not wait for its end. Requests to a dependency that hangs fail after minutes.
 */
const TRUST_AFTER_MS = { min: 20_000, max: 600_000 };

/** Where work comes from, such as a queue. */
export interface Source {
  readonly name: string;
  /** Whether it has room for one more piece of work, which may have to wait like the others. */
  readonly admitsProbe: boolean;
}

export interface PausesListener {
  dependencyUnavailable(dependency: string, sourceName: string, error: unknown): void;
  dependencyRecovered(dependency: string, unavailableMs: number): void;
  /** A source may be able to start work. */
  changed(): void;
}

/** A dependency that is unavailable now. */
export interface UnavailableDependency {
  readonly dependency: string;
  readonly unavailableMs: number;
  /** Names of the sources whose work waits for it. */
  readonly sources: readonly string[];
}

type WorldFault = Extract<Fault, { kind: 'world' }>;

/**
 * The pauses of one process, one for each dependency that is unavailable.
 *
 * Work that a dependency refuses waits, and its source starts nothing new. One piece of work at a time runs again as a
 * probe, in turn, after 10 seconds at first and at most 60; every third probe is new work. When a probe succeeds, or
 * runs for longer than those that failed, all of them run again.
 */
export class Pauses {
  readonly #pauses = new Map<string, Pause>();
  /** Ids of work that was taken for the cause of its failure. */
  readonly #suspects = new BoundedMap<string, true>(MAX_SUSPECTS);

  constructor(
    private readonly clock: Clock,
    private readonly listener: PausesListener,
  ) {}

  get unavailable(): readonly UnavailableDependency[] {
    return [...this.#pauses.values()].map((pause) => pause.view);
  }

  /** What `source` may start now: everything, one piece of work as a probe, or nothing. */
  admission(source: Source): 'all' | 'probe' | 'none' {
    const pauses = this.#of(source);
    if (pauses.length === 0) {
      return 'all';
    }
    return pauses.every(({ newcomer }) => newcomer === source) ? 'probe' : 'none';
  }

  /** Starts a piece of work; as a probe of every dependency for which its source waits. */
  begin(source: Source, id: string): Work {
    const probes = this.#of(source).filter((pause) => pause.admit(source));
    return new Work(source, probes, this.clock, {
      pauseOf: (fault, error) => this.#pauseOf(fault, error, source),
      isCause: ({ dependency }) => this.#suspects.has(id) && !this.#pauses.has(dependency),
      becomesCause: () => this.#suspects.set(id, true),
    });
  }

  /** Starts no further probes; what waits has its own signal. */
  close(): void {
    this.#pauses.forEach((pause) => pause.cancel());
  }

  #of(source: Source): Pause[] {
    return [...this.#pauses.values()].filter((pause) => pause.blocks(source));
  }

  #pauseOf({ dependency }: WorldFault, error: unknown, source: Source): Pause {
    let pause = this.#pauses.get(dependency);
    if (pause === undefined) {
      const opened = new Pause(dependency, this.clock, {
        changed: () => this.listener.changed(),
        ended: (unavailableMs) => {
          this.#pauses.delete(dependency);
          this.listener.dependencyRecovered(dependency, unavailableMs);
          this.listener.changed();
        },
      });
      pause = opened;
      this.#pauses.set(dependency, pause);
      this.listener.dependencyUnavailable(dependency, source.name, error);
    }
    return pause;
  }
}

/** What a piece of work needs to know of the pauses. */
interface WorkPauses {
  pauseOf(fault: WorldFault, error: unknown): Pause;
  /** Whether it was taken for the cause before, and the dependency refuses nothing else now. */
  isCause(fault: WorldFault): boolean;
  becomesCause(): void;
}

/** A piece of work, from its first run to its last. */
export class Work {
  #contradictions = 0;
  /** The dependency that refused it, and that has since answered other work. */
  #provenSince: string | undefined;
  #runsSince: number;

  constructor(
    private readonly source: Source,
    private probes: Pause[],
    private readonly clock: Clock,
    private readonly pauses: WorkPauses,
  ) {
    this.#runsSince = clock.now();
  }

  /** It runs again. */
  resumed(): void {
    this.#runsSince = this.clock.now();
    this.probes.forEach((pause) => pause.probeStarted());
  }

  /** The run succeeded: whatever it was the probe of answers. */
  succeeded(): void {
    this.#endProbes((pause) => pause.probeSucceeded());
  }

  /** The run ended in another way, which says nothing about its dependencies. */
  ended(): void {
    this.#endProbes((pause) => pause.probeFailed());
  }

  /**
   * A dependency refused the run.
   *
   * @param onTurn called once, when the work may run again: as the next probe, or because the dependency is back
   * @returns the wait, to cancel it; undefined if the dependency answers other work so often that the work itself must
   * be the cause
   */
  refused(fault: WorldFault, error: unknown, onTurn: () => void): { cancel(): void } | undefined {
    if (this.#provenSince === fault.dependency) {
      this.#contradictions += 1;
      this.#provenSince = undefined;
    }
    if (this.#contradictions >= CONTRADICTIONS) {
      this.pauses.becomesCause();
    }
    if (this.#contradictions >= CONTRADICTIONS || this.pauses.isCause(fault)) {
      this.ended();
      return undefined;
    }
    const pause = this.pauses.pauseOf(fault, error);
    const waiter: Waiter = {
      source: this.source,
      probe: () => {
        this.probes.push(pause);
        onTurn();
      },
      back: (isProven) => {
        this.#provenSince = isProven ? fault.dependency : undefined;
        onTurn();
      },
    };
    const isProbe = this.probes.includes(pause);
    pause.wait(waiter, { failedAfterMs: this.clock.now() - this.#runsSince, isProbe, ...fault });
    this.ended();
    return { cancel: () => pause.leave(waiter) };
  }

  #endProbes(end: (pause: Pause) => void): void {
    const probes = this.probes;
    this.probes = [];
    probes.forEach(end);
  }
}

interface Waiter {
  readonly source: Source;
  probe(): void;
  back(isProven: boolean): void;
}

/** The time in which one dependency is unavailable. */
class Pause {
  readonly #since: number;
  readonly #waiting: Waiter[] = [];
  #newcomer: Source | undefined;
  /** The source of the probe that runs. */
  #probing: Source | undefined;
  #probes = 0;
  #notBefore = 0;
  /** Of the work that it interrupted, which may have run for hours before: how soon the quickest failed. */
  #quickestMs = Number.POSITIVE_INFINITY;
  #slowestProbeMs = 0;
  #timer: Timer | undefined;
  #over = false;

  constructor(
    private readonly dependency: string,
    private readonly clock: Clock,
    private readonly on: { readonly changed: () => void; readonly ended: (unavailableMs: number) => void },
  ) {
    this.#since = clock.now();
  }

  get view(): UnavailableDependency {
    return {
      dependency: this.dependency,
      unavailableMs: this.clock.now() - this.#since,
      sources: [...new Set(this.#waiting.map(({ source }) => source.name))],
    };
  }

  /** The source that may start one new piece of work. */
  get newcomer(): Source | undefined {
    return this.#newcomer;
  }

  blocks(source: Source): boolean {
    return [this.#newcomer, this.#probing, ...this.#waiting.map((waiter) => waiter.source)].includes(source);
  }

  /** Makes new work of `source` the probe, if that is its turn. */
  admit(source: Source): boolean {
    const admitted = this.#newcomer === source;
    if (admitted) {
      this.#newcomer = undefined;
      this.#probing = source;
      this.probeStarted();
    }
    return admitted;
  }

  probeStarted(): void {
    if (this.#over) {
      return;
    }
    this.cancel();
    const failsAfterMs = Math.max(this.#quickestMs, this.#slowestProbeMs);
    const trustAfterMs = Math.min(TRUST_AFTER_MS.max, Math.max(TRUST_AFTER_MS.min, 2 * failsAfterMs));
    this.#timer = this.clock.after(trustAfterMs, () => this.#end(false));
  }

  wait(
    waiter: Waiter,
    refusal: { readonly failedAfterMs: number; readonly isProbe: boolean; readonly retryAfterSeconds?: number },
  ): void {
    const { failedAfterMs, isProbe, retryAfterSeconds = 0 } = refusal;
    this.#waiting.push(waiter);
    if (isProbe) {
      this.#slowestProbeMs = Math.max(this.#slowestProbeMs, failedAfterMs);
    } else {
      this.#quickestMs = Math.min(this.#quickestMs, failedAfterMs);
    }
    this.#notBefore = Math.max(this.#notBefore, this.clock.now() + retryAfterSeconds * 1_000);
    this.#schedule();
  }

  leave(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      this.#endIfUnwanted();
    }
  }

  probeSucceeded(): void {
    this.#end(true);
  }

  probeFailed(): void {
    this.#probing = undefined;
    this.cancel();
    if (!this.#endIfUnwanted()) {
      this.#schedule();
    }
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Without work that waits, nothing can show that the dependency is back. */
  #endIfUnwanted(): boolean {
    const unwanted = this.#waiting.length === 0 && this.#probing === undefined;
    if (unwanted) {
      this.#end(false);
    }
    return unwanted;
  }

  #end(isProven: boolean): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.cancel();
    const waiting = this.#waiting.splice(0);
    this.on.ended(this.clock.now() - this.#since);
    waiting.forEach((waiter) => waiter.back(isProven));
  }

  #schedule(): void {
    if (this.#over || this.#probing !== undefined || this.#timer !== undefined) {
      return;
    }
    const bounds = { base: FIRST_PROBE_MS, max: LAST_PROBE_MS, factor: PROBE_FACTOR, jitter: 'none' } as const;
    const backoff = backoffDelay(this.#probes + 1, bounds) * (1 + JITTER * Math.random());
    const delay = Math.max(backoff, this.#notBefore - this.clock.now());
    this.#timer = this.clock.after(delay, () => this.#probe());
  }

  #probe(): void {
    this.#timer = undefined;
    this.#probes += 1;
    const source = this.#waiting[0].source;
    if (this.#probes % NEWCOMER_EVERY === 0 && source.admitsProbe) {
      this.#newcomer = source;
      this.#timer = this.clock.after(NEWCOMER_WITHIN_MS, () => {
        this.#newcomer = undefined;
        this.#next();
      });
      this.on.changed();
    } else {
      this.#next();
    }
  }

  #next(): void {
    this.#timer = undefined;
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      this.#probing = waiter.source;
      waiter.probe();
    }
  }
}
