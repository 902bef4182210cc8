import { MetricDimensions, WorkerMetrics } from '../../contract/metric-names.js';
import { type Clock, type Timer } from '../support/clock.js';
import { type Dimensions, metricLine } from '../telemetry/metric-line.js';
import { tolerateClosedOutput } from '../support/closed-output.js';

/** The finest step of standard CloudWatch metrics. */
const EVERY_MS = 60_000;
/** A run that is refused less soon after the one before has probably been answered, and may work for hours. */
const REFUSED_WITHIN_MS = 150_000;

/** Reports each minute for how long a task has waited for a dependency, as the alarm of its construct reads it. */
export class OutageReport {
  #dependency: string | undefined;
  #since = 0;
  #refusedAt = 0;
  #timer: Timer | undefined;

  /**
   * @param name of the construct; undefined if the task was started otherwise, and reports nothing
   * @param unavailableSeconds for which earlier tasks have waited
   */
  constructor(
    private readonly name: string | undefined,
    private readonly unavailableSeconds: number,
    private readonly clock: Clock,
    private readonly write: (line: string) => void = writeLine,
  ) {}

  /** A run was refused by a dependency. */
  unavailable(dependency: string): void {
    this.#dependency = dependency;
    this.#refusedAt = this.clock.now();
    if (this.#timer === undefined) {
      this.#since = this.clock.now();
      this.#report();
    }
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #report(): void {
    if (this.clock.now() - this.#refusedAt > REFUSED_WITHIN_MS) {
      this.end();
      return;
    }
    this.#timer = this.clock.after(EVERY_MS, () => this.#report());
    const { name } = this;
    if (name !== undefined && this.#dependency !== undefined) {
      const task = { [MetricDimensions.task]: name };
      const seconds = this.unavailableSeconds + (this.clock.now() - this.#since) / 1_000;
      this.#line(task, seconds);
      this.#line({ ...task, [MetricDimensions.dependency]: this.#dependency }, seconds);
    }
  }

  #line(dimensions: Dimensions, seconds: number): void {
    const metric = WorkerMetrics.dependencyUnavailableTime;
    this.write(metricLine(dimensions, [{ metric, unit: 'Seconds', values: [Math.round(seconds)] }]));
  }
}

function writeLine(line: string): void {
  tolerateClosedOutput();
  process.stdout.write(`${line}\n`);
}
