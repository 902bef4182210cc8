import type { Summary } from '../report/summary.ts';
import { Names } from './compare.ts';

/** A promise about a comparison, and its result. */
export interface Verdict {
  readonly promise: string;
  readonly kept: boolean;
  readonly evidence: string;
}

/** The tolerated ratio of our figures to those of the tuned peer. */
const TOLERANCE = 1.1;
/** Waits up to this are equal to a user, whatever their ratio. */
const SAME_WAIT_SECONDS = 2;

/** Checks the promises of our worker against its peers, on the runs of any number of days. */
export function checkTargets(summaries: readonly Summary[]): Verdict[] {
  return [...new Set(summaries.map(({ workload }) => workload))].flatMap((workload) => {
    const byName = new Map(
      summaries.filter((summary) => summary.workload === workload).map((summary) => [summary.template, summary]),
    );
    const [ours, tuned, standard] = [byName.get(Names.ours), byName.get(Names.tuned), byName.get(Names.standard)];
    if (!ours || !tuned || !standard) {
      return [];
    }
    return [
      verdict(`${workload}: no job killed by scale-in`, ours.killedByScaleIn === 0, String(ours.killedByScaleIn)),
      ...(workload === 'bursts' ? [fiveTimesShorter(ours, standard)] : []),
      notWorse(`${workload}: wait p50`, ours.waitP50Seconds, tuned.waitP50Seconds, SAME_WAIT_SECONDS),
      notWorse(`${workload}: wait p95`, ours.waitP95Seconds, tuned.waitP95Seconds, SAME_WAIT_SECONDS),
      notWorse(`${workload}: wait p99`, ours.waitP99Seconds, tuned.waitP99Seconds, SAME_WAIT_SECONDS),
      notWorse(`${workload}: task-hours per job`, ours.taskHoursPerJob, tuned.taskHoursPerJob, 0),
    ];
  });
}

function fiveTimesShorter(ours: Summary, standard: Summary): Verdict {
  const factor = standard.waitP95Seconds / ours.waitP95Seconds;
  return verdict(
    'bursts: wait p95 at least 5 times shorter than the default policy',
    factor >= 5,
    `${factor.toFixed(1)} times`,
  );
}

function notWorse(metric: string, ours: number, tuned: number, same: number): Verdict {
  const kept = ours <= tuned * TOLERANCE || ours <= same;
  return verdict(
    `${metric} not more than 10 % above the tuned peer`,
    kept,
    `${ours.toPrecision(3)} against ${tuned.toPrecision(3)}`,
  );
}

const verdict = (promise: string, kept: boolean, evidence: string): Verdict => ({ promise, kept, evidence });
