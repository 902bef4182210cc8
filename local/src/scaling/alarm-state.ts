import type { AlarmState } from '../types';

export type MissingData = 'breaching' | 'notBreaching' | 'ignore' | 'missing';

export interface AlarmRule {
  readonly threshold: number;
  readonly comparison: string;
  /** N of "M out of N". */
  readonly evaluationPeriods: number;
  /** M of "M out of N". */
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/** Additional periods that CloudWatch retrieves beyond N, in place of missing ones. */
const EXTRA_PERIODS = 2;

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

export function isComparison(name: string): boolean {
  return name in COMPARISONS;
}

/** The number of periods that `evaluate` needs. */
export function evaluationRange(rule: AlarmRule): number {
  return rule.evaluationPeriods + EXTRA_PERIODS;
}

/**
 * The state of an alarm from the data points of its last periods, oldest first; undefined is a missing one.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function evaluate(rule: AlarmRule, points: readonly (number | undefined)[], current: AlarmState): AlarmState {
  const { evaluationPeriods: n, datapointsToAlarm: m, missingData } = rule;
  const breaches = COMPARISONS[rule.comparison] ?? (() => false);
  const newestFirst = points
    .slice(-evaluationRange(rule))
    .reverse()
    .map((value, age) => ({ value, age: age + 1 }));
  const real = newestFirst.filter(({ value }) => value !== undefined).slice(0, n);
  const breaching = real.filter(({ value }) => breaches(value ?? 0, rule.threshold));
  const filled = n - real.length;

  if (missingData === 'breaching') {
    return breaching.length + filled >= m ? 'ALARM' : 'OK';
  }
  if (breaching.length >= m) {
    return 'ALARM';
  }
  if (missingData === 'notBreaching') {
    return 'OK';
  }
  if (real.length === 0) {
    return missingData === 'ignore' ? current : 'INSUFFICIENT_DATA';
  }
  if (breaching.length < real.length || filled === 0) {
    return 'OK';
  }
  // All known points breach, but they are fewer than M: in ALARM once the oldest of them is M periods old.
  if (missingData === 'ignore') {
    return current;
  }
  return Math.max(...breaching.map(({ age }) => age)) >= m ? 'ALARM' : current;
}
