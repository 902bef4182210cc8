import { Duration, Token } from 'aws-cdk-lib';
import type { ScheduledFargateJobProps } from '../scheduled-fargate-job-props';

/** The longest range of an alarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const MAX_HOURS = 168;

const HOURS = { minute: 1 / 60, hour: 1, day: 24 } as const;

/**
 * How long no run may have succeeded, by default: twice the rate of the schedule, and the time of a run. Undefined for
 * schedules whose runs are not that regular: cron expressions, single times, with a start or an end, disabled ones.
 */
export function missedAfter(
  { schedule, start, end, enabled = true }: ScheduledFargateJobProps,
  maxDuration: Duration,
): Duration | undefined {
  if (!enabled || start !== undefined || end !== undefined || Token.isUnresolved(schedule.expressionString)) {
    return undefined;
  }
  const [, value, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule.expressionString) ?? [];
  const hours = Math.ceil(2 * Number(value) * HOURS[unit as keyof typeof HOURS] + maxDuration.toSeconds() / 3_600);
  return hours <= MAX_HOURS ? Duration.hours(hours) : undefined;
}
