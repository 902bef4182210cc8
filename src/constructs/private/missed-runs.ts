import { Duration, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { createAlarm, type AlarmNotice } from './alarm';
import { longestCronGap } from './cron-gap';
import { isNone } from './queue-alarms';

/** The longest range of an alarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export const MAX_MISSED_HOURS = 168;

const MINUTES = { minute: 1, hour: 60, day: 1_440 } as const;

/**
 * After how long without a run one was missed, in whole hours: after twice the rate of a schedule; after the longest
 * time between two runs of a cron expression, and the hour by which it is longer when daylight saving time ends.
 * `duration` is added, if only the end of a run counts. Undefined for other schedules, and above 7 days.
 */
export function missedAfter(schedule: ScheduleExpression, duration = Duration.seconds(0)): Duration | undefined {
  const expression = schedule.expressionString;
  const gap = Token.isUnresolved(expression) ? undefined : (doubleRate(expression) ?? longestCronRun(expression));
  const hours = gap === undefined ? Infinity : Math.ceil((gap + duration.toSeconds() / 60) / 60);
  return hours <= MAX_MISSED_HOURS ? Duration.hours(hours) : undefined;
}

export interface MissedRunsOptions extends AlarmNotice {
  /** Runs, by the hour. */
  readonly metric: cloudwatch.IMetric;
  /** In whole hours; zero for no alarm. */
  readonly time: Duration;
}

/** In ALARM when there was no run for some hours: nothing that could fail has begun. */
export function createMissedAlarm(
  scope: Construct,
  { time, ...options }: MissedRunsOptions,
): cloudwatch.Alarm | undefined {
  if (isNone(time)) {
    return undefined;
  }
  return createAlarm(scope, 'MissedAlarm', {
    ...options,
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: time.toHours(),
    // What does not run sends no metrics
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
}

function doubleRate(expression: string): number | undefined {
  const found = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  return found === null ? undefined : 2 * Number(found[1]) * MINUTES[found[2] as keyof typeof MINUTES];
}

function longestCronRun(expression: string): number | undefined {
  const gap = longestCronGap(expression);
  return gap === undefined ? undefined : gap + MINUTES.hour;
}
