import { LocalCloudError } from './errors';

const MINUTE_MS = 60_000;
/** CloudWatch keeps data of one-minute periods for 15 days. */
const MAX_ADVANCE_SECONDS = 15 * 24 * 3_600;
const MIN_REAL_SECONDS_OF_TASK = 10;

/** The clock that processes follow. */
export type ProcessClock = 'real' | 'cloud';

/** Moves the emulator's clock, then evaluates the minutes that have ended. */
export interface ClockSteps {
  readonly forward: (seconds: number) => Promise<void>;
  readonly minutes: () => Promise<void>;
}

/**
 * The clock of the local cloud: real time at the start, then `speed` times as fast.
 *
 * Everything that the cloud waits for by itself runs on it. A process of this machine knows only real time, so what
 * bounds it (leases, timeouts of tasks and functions) lasts as long as in an account, at any speed, unless processes
 * follow this clock.
 */
export class Clock {
  /** Milliseconds since 1970, in real time. */
  readonly startedAt = Date.now();
  readonly speed: number;
  /** The clock that processes of tasks and functions follow. */
  readonly processes: ProcessClock;
  readonly #steps: ClockSteps;
  #advancedMs = 0;
  #advancing: Promise<void> = Promise.resolve();

  constructor(speed: number, processes: ProcessClock, steps: ClockSteps) {
    this.speed = speed;
    this.processes = processes;
    this.#steps = steps;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.startedAt + (Date.now() - this.startedAt) * this.speed + this.#advancedMs;
  }

  /**
   * Moves the clock forward, minute by minute: schedules fire, retries run, messages expire and alarms are evaluated on
   * the way. Resolves when this is done. Leases and timeouts get shorter by the same time; what a process does
   * meanwhile takes real time. Rejects when processes follow this clock: their timers cannot be moved.
   *
   * @param seconds up to 15 days
   */
  advance(seconds: number): Promise<void> {
    if (!(seconds > 0 && seconds <= MAX_ADVANCE_SECONDS)) {
      throw new LocalCloudError(
        'OptionInvalid',
        `seconds must be a number above 0, up to ${MAX_ADVANCE_SECONDS}, got: ${seconds}`,
      );
    }
    if (this.processes === 'cloud') {
      return Promise.reject(
        new LocalCloudError(
          'OptionInvalid',
          'processClock must be real to move the clock, got: cloud; a process that runs cannot follow a step, so wait, or start the cloud with a higher speed',
        ),
      );
    }
    const advanced = this.#advancing.then(() => this.#advance(seconds * 1_000));
    this.#advancing = advanced.catch(() => undefined);
    return advanced;
  }

  /** The time that processes of tasks and functions see, in milliseconds since 1970. */
  ofProcesses(): number {
    return this.processes === 'cloud' ? this.now() : Date.now();
  }

  /**
   * How many real seconds a task has for what it is given `seconds` for. A task needs real time to end its work, so it
   * never has less than ten seconds, or less than it is given.
   */
  realSecondsOfTask(seconds: number): number {
    return this.processes === 'cloud'
      ? Math.max(seconds / this.speed, Math.min(seconds, MIN_REAL_SECONDS_OF_TASK))
      : seconds;
  }

  /** Real milliseconds until the next minute of the clock. */
  untilNextMinute(): number {
    return this.#toNextMinute() / this.speed;
  }

  async #advance(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      const step = Math.min(left, this.#toNextMinute());
      await this.#steps.forward(step / 1_000);
      this.#advancedMs += step;
      left -= step;
      await this.#steps.minutes();
    }
  }

  #toNextMinute(): number {
    return MINUTE_MS - (this.now() % MINUTE_MS);
  }
}
