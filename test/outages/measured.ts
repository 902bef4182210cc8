// What a cell showed, and what of that breaks the promise.
import type { Cell } from './cell.ts';

/** Times are milliseconds of the cloud's clock. */
export interface Measured {
  readonly cell: Cell;
  /** Length of the outage. */
  readonly seconds: number;
  /** Jobs that were sent before, during and after the outage. */
  readonly jobs: number;
  /** Jobs without a result. */
  readonly lost: number;
  /** Jobs that were finished more than once. */
  readonly doubled: number;
  readonly deadLetters: number;
  /** From the beginning of the outage until the alarm was in ALARM. */
  readonly alarmAfterSeconds: number | undefined;
  /** From the end of the outage until the alarm was OK. */
  readonly okAfterSeconds: number | undefined;
  /** From the end of the outage until the first job was done. */
  readonly workAfterSeconds: number | undefined;
  /** Runs of handlers during the outage, less one for each job that was there at its beginning. */
  readonly calls: number;
  /** Tasks that called later than 25 minutes after the beginning. */
  readonly lateCallers: number;
}

const ALARM_FROM_SECONDS = 600;
const ALARM_WITHIN_SECONDS = 8 * 60;
const OK_WITHIN_SECONDS = 5 * 60;
const WORK_WITHIN_SECONDS = 2 * 60;
const CALL_EVERY_SECONDS = 10;

/** A shorter outage is over before an alarm on five minutes. */
export const alarmIsDue = ({ seconds }: Measured): boolean => seconds >= ALARM_FROM_SECONDS;

export const maxCallsOf = ({ cell, seconds }: Measured): number =>
  Math.ceil(seconds / CALL_EVERY_SECONDS) * cell.callers;

/** What is not as promised, for people; empty if all is. */
export function findings(measured: Measured): string[] {
  const { cell, lost, doubled, deadLetters, alarmAfterSeconds, okAfterSeconds } = measured;
  const { workAfterSeconds, calls, lateCallers } = measured;
  const bound = maxCallsOf(measured);
  const isDue = alarmIsDue(measured);
  return [
    ...(lost > 0 ? [`${lost} jobs have no result`] : []),
    ...(doubled > 0 ? [`${doubled} jobs were done more than once`] : []),
    ...(deadLetters > 0 ? [`${deadLetters} jobs are in the dead-letter queue`] : []),
    ...late('work', workAfterSeconds, WORK_WITHIN_SECONDS),
    ...(isDue ? late('ALARM', alarmAfterSeconds, ALARM_WITHIN_SECONDS) : []),
    ...(isDue ? late('OK', okAfterSeconds, OK_WITHIN_SECONDS) : []),
    ...(calls > bound ? [`${calls} calls, at most ${bound} are allowed`] : []),
    ...(lateCallers > (cell.lateCallers ?? Infinity) ? [`${lateCallers} tasks probed after the first 25 minutes`] : []),
  ];
}

function late(what: string, after: number | undefined, within: number): string[] {
  if (after === undefined) {
    return [`${what}: never`];
  }
  return after > within ? [`${what}: after ${after} s, not within ${within} s`] : [];
}
