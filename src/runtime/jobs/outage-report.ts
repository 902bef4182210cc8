import { MetricDimensions, WorkerMetrics } from '../../contract/metric-names.js';
import { MAX_REPORTED_AHEAD_MINUTES } from '../../contract/task-run-env.js';
import { type Clock, type Timer } from '../support/clock.js';
import { metricLine } from '../telemetry/metric-line.js';
import { tolerateClosedOutput } from '../support/closed-output.js';

/** The finest step of standard CloudWatch metrics. */
const EVERY_MS = 60_000;

/**
 * A run that is refused less soon after the one before has probably been answered, and may work for hours. A dependency
 * that hangs refuses after minutes: twice the time of the slowest refusal counts, within these bounds.
 */
const TRUST_AFTER_MS = { min: 150_000, max: 600_000 } as const;

/** For how long the dependency of a task or function has been unavailable; log lines in embedded metric format. */
export function outageLines(name: string, dependency: string, seconds: number, aheadMs = 0): string[] {
  const metric = WorkerMetrics.dependencyUnavailableTime;
  const task = { [MetricDimensions.task]: name };
  return [task, { ...task, [MetricDimensions.dependency]: dependency }].map((dimensions) =>
    metricLine(dimensions, [{ metric, unit: 'Seconds', values: [Math.round(seconds)] }], aheadMs),
  );
}

/** Reports each minute for how long a task has waited for a dependency, as the alarm of its construct reads it. */
export class OutageReport {
  #dependency: string | undefined;
  #since: number | undefined;
  #refusedAt: number;
  #slowestMs = 0;
  #earlierSeconds: number;
  #timer: Timer | undefined;

  /**
   * @param name of the construct; undefined if the task was started otherwise, and reports nothing
   * @param unavailableSeconds for which earlier tasks have waited
   */
  constructor(
    private readonly name: string | undefined,
    unavailableSeconds: number,
    private readonly clock: Clock,
    private readonly write: (line: string) => void = writeLine,
  ) {
    this.#refusedAt = clock.now();
    this.#earlierSeconds = unavailableSeconds;
  }

  /** A run was refused by a dependency. */
  unavailable(dependency: string): void {
    const now = this.clock.now();
    const afterMs = now - this.#refusedAt;
    // A run that took longer than a dependency is trusted to hang has worked before
    if (afterMs > TRUST_AFTER_MS.max) {
      this.#since = undefined;
    } else {
      this.#slowestMs = Math.max(this.#slowestMs, afterMs);
    }
    this.#dependency = dependency;
    this.#refusedAt = now;
    this.#since ??= now;
    if (this.#timer === undefined) {
      this.#report();
    }
  }

  /**
   * The dependencies have answered a run, so what still waits for them is about to continue. Its waits were reported in
   * advance: for as long, this says how long ago the answer was.
   */
  answered(): void {
    if (this.name === undefined || this.#seconds() < EVERY_MS / 1_000) {
      return;
    }
    for (let minute = 0; minute <= MAX_REPORTED_AHEAD_MINUTES; minute += 1) {
      // A minute more: what is refused in the minute of the answer is refused after it
      const values = [60 * (minute + 1)];
      const time = { metric: WorkerMetrics.dependencyAnsweredTime, unit: 'Seconds', values } as const;
      this.write(metricLine({ [MetricDimensions.task]: this.name }, [time], minute * EVERY_MS));
    }
    this.end();
    this.#since = undefined;
    this.#earlierSeconds = 0;
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #report(): void {
    const now = this.clock.now();
    if (now - this.#refusedAt > Math.min(TRUST_AFTER_MS.max, Math.max(TRUST_AFTER_MS.min, 2 * this.#slowestMs))) {
      this.end();
      return;
    }
    this.#timer = this.clock.after(EVERY_MS, () => this.#report());
    if (this.name !== undefined && this.#dependency !== undefined) {
      outageLines(this.name, this.#dependency, this.#seconds()).forEach(this.write);
    }
  }

  /** Of this task and of earlier ones. */
  #seconds(): number {
    const own = this.#since === undefined ? 0 : this.clock.now() - this.#since;
    return this.#earlierSeconds + Math.round(own / 1_000);
  }
}

function writeLine(line: string): void {
  tolerateClosedOutput();
  process.stdout.write(`${line}\n`);
}
