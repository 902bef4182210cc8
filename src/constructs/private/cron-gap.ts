const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;
/** After 28 years, the days of the week are the same for all dates, leap years included. */
const YEARS = 28;

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** `*`, `?`, a value or a range, each with or without a step. */
const FIELD_PART = /^(?:(?<all>[*?])|(?<from>\w+)(?:-(?<to>\w+))?)(?:\/(?<step>\d+))?$/;

/**
 * The longest time between two runs of a cron expression of EventBridge, in minutes of a day without a change of the
 * clock. Undefined for expressions that end, and for days with `L`, `W` or `#`, which are those of a month.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function longestCronGap(expression: string): number | undefined {
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1].trim().split(/\s+/) ?? [];
  const [minutes, hours, daysOfMonth, months, daysOfWeek, years] = fields;
  if (fields.length !== 6 || years !== '*') {
    return undefined;
  }
  const times = product(valuesOf(hours, 0, 23), valuesOf(minutes, 0, 59));
  const days = daysOf(valuesOf(daysOfMonth, 1, 31), valuesOf(months, 1, 12, MONTHS), valuesOf(daysOfWeek, 1, 7, DAYS));
  if (times.length === 0 || days.length < 2) {
    return undefined;
  }
  const acrossDays = longestStep(days) * DAY_MINUTES + times[0] - times[times.length - 1];
  return Math.max(acrossDays, longestStep(times));
}

function product(hours: ReadonlySet<number>, minutes: ReadonlySet<number>): number[] {
  return [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute)).toSorted((a, b) => a - b);
}

/** The days on which it runs, as numbers of days. */
function daysOf(
  daysOfMonth: ReadonlySet<number>,
  months: ReadonlySet<number>,
  daysOfWeek: ReadonlySet<number>,
): number[] {
  const first = Date.UTC(2000, 0, 1);
  return Array.from({ length: (Date.UTC(2000 + YEARS, 0, 1) - first) / DAY_MS }, (_, day) => day).filter((day) => {
    const date = new Date(first + day * DAY_MS);
    return (
      months.has(date.getUTCMonth() + 1) && daysOfMonth.has(date.getUTCDate()) && daysOfWeek.has(date.getUTCDay() + 1)
    );
  });
}

function longestStep(values: readonly number[]): number {
  return Math.max(0, ...values.slice(1).map((value, index) => value - values[index]));
}

/** The values of a field such as `MON-FRI`, `0/15` or `1,15`; none for one that this does not know. */
function valuesOf(field: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const number = (text: string) => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + min : Number(text);
  };
  const values = field.split(',').flatMap((part) => {
    const { all, from, to, step } = (FIELD_PART.exec(part)?.groups ?? {}) as Partial<Record<string, string>>;
    const start = all === undefined ? number(from ?? '') : min;
    const end = all === undefined && (to ?? step) === undefined ? start : number(to ?? String(max));
    const by = Number(step ?? 1);
    return start >= min && end <= max && by > 0
      ? Array.from({ length: Math.max(0, Math.floor((end - start) / by) + 1) }, (_, index) => start + index * by)
      : [];
  });
  return new Set(values);
}
