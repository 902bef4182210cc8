import { DispatchFunctionEnv } from '../../contract/dispatch-config';
import { MetricDimensions, WorkerMetrics } from '../../contract/metric-names';
import { faultOf } from '../../runtime/support/faults';
import { writeMetrics } from './emf';
import { variable } from './environment';
import { log } from './log';

/** Reports for how long a dependency of a dispatcher's function has been unavailable, in seconds. */
export function reportOutage(dependency: string, seconds: number): void {
  const value = { [WorkerMetrics.dependencyUnavailableTime]: Math.round(seconds) };
  const task = { [MetricDimensions.task]: variable(DispatchFunctionEnv.name) };
  writeMetrics(value, task);
  writeMetrics(value, { ...task, [MetricDimensions.dependency]: dependency });
  log('WARN', 'dependency is unavailable', { dependency, seconds: Math.round(seconds) });
}

/** When dependencies of a function became unavailable, as this instance has seen it. */
export class Outages {
  readonly #since = new Map<string, number>();

  /** Whether a dependency failed, and not the work; reports it. */
  met(error: unknown): boolean {
    const fault = faultOf(error);
    if (fault.kind !== 'world') {
      return false;
    }
    const since = this.#since.get(fault.dependency) ?? Date.now();
    this.#since.set(fault.dependency, since);
    reportOutage(fault.dependency, (Date.now() - since) / 1_000);
    return true;
  }

  /** All dependencies have answered. */
  answered(): void {
    this.#since.clear();
  }
}
