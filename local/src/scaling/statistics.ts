import type { Datum } from '../types';

type Statistic = (data: readonly Datum[]) => number | undefined;

interface Bounds {
  readonly low?: number;
  readonly high?: number;
  readonly percent: boolean;
}

const BASIC: ReadonlyMap<string, Statistic> = new Map<string, Statistic>([
  ['Average', (data) => total(data, 'sum') / total(data, 'count')],
  ['Sum', (data) => total(data, 'sum')],
  ['Maximum', (data) => data.reduce((highest, { max }) => Math.max(highest, max), -Infinity)],
  ['Minimum', (data) => data.reduce((lowest, { min }) => Math.min(lowest, min), Infinity)],
  ['SampleCount', (data) => total(data, 'count')],
  ['IQM', (data) => trimmed('TM', data, { low: 25, high: 75, percent: true })],
]);

/** `p99`, and what is up to a percentile: `tm99`, `wm99`, `tc99`, `ts99`. */
const SHORT = /^(p|tm|wm|tc|ts)(\d+(?:\.\d+)?)$/i;
/** `TM(10%:90%)`, `PR(150:1000)`; one bound may be absent. */
const LONG = /^(TM|WM|TC|TS|PR)\((\d*\.?\d*)(%?):(\d*\.?\d*)(%?)\)$/;

/**
 * A statistic of CloudWatch by its name; undefined for an unknown name.
 *
 * Percentiles and trimmed statistics have no value where only the statistics of a set are known.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export function statistic(name: string): Statistic | undefined {
  const [, short = '', percent] = SHORT.exec(name) ?? [];
  if (short !== '') {
    const high = Number(percent);
    return short.toLowerCase() === 'p'
      ? (data) => percentile(data, high)
      : (data) => trimmed(short.toUpperCase(), data, { high, percent: true });
  }
  const [, kind = '', low, lowPercent, high, highPercent] = LONG.exec(name) ?? [];
  if (kind !== '') {
    const bounds = {
      ...(low !== '' && { low: Number(low) }),
      ...(high !== '' && { high: Number(high) }),
      percent: lowPercent === '%' || highPercent === '%',
    };
    return (data) => trimmed(kind, data, bounds);
  }
  return BASIC.get(name);
}

/** The lower bound is exclusive and the upper one inclusive. */
function trimmed(kind: string, data: readonly Datum[], { low, high, percent }: Bounds): number | undefined {
  const bound = (value: number | undefined) =>
    value === undefined || !percent ? value : percentile(data, Math.min(value, 100));
  const [lowest = -Infinity, highest = Infinity] = [bound(low), bound(high)];
  if (!data.every(isValue)) {
    return undefined;
  }
  const within = data.filter(({ min }) => min > lowest && min <= highest);
  const count = total(within, 'count');
  switch (kind) {
    case 'TC':
      return count;
    case 'TS':
      return total(within, 'sum');
    case 'PR':
      return (100 * count) / total(data, 'count');
    case 'WM':
      return (
        data.reduce((sum, datum) => sum + datum.count * Math.min(Math.max(datum.min, lowest), highest), 0) /
        total(data, 'count')
      );
    default:
      return count === 0 ? undefined : total(within, 'sum') / count;
  }
}

/** Interpolated between the two nearest ranks. */
function percentile(data: readonly Datum[], percent: number): number | undefined {
  if (!data.every(isValue)) {
    return undefined;
  }
  const sorted = [...data].sort((one, other) => one.min - other.min);
  const rank = (percent / 100) * Math.max(total(data, 'count') - 1, 0);
  const at = (index: number) => {
    let seen = 0;
    return (sorted.find(({ count }) => (seen += count) > index) ?? sorted.at(-1))?.min ?? 0;
  };
  const below = at(Math.floor(rank));
  return below + (rank % 1) * (at(Math.ceil(rank)) - below);
}

function isValue({ min, max }: Datum): boolean {
  return min === max;
}

function total(data: readonly Datum[], field: 'count' | 'sum'): number {
  return data.reduce((sum, datum) => sum + datum[field], 0);
}
