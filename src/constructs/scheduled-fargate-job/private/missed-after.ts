import type { Duration } from 'aws-cdk-lib';
import { missedAfter } from '../../private/missed-runs';
import type { ScheduledFargateJobProps } from '../scheduled-fargate-job-props';

/**
 * How long no run may have succeeded, by default. Undefined for jobs that need not run: disabled ones, and those with a
 * start or an end.
 */
export function jobMissedAfter(
  { schedule, start, end, enabled = true }: ScheduledFargateJobProps,
  maxDuration: Duration,
): Duration | undefined {
  return !enabled || start !== undefined || end !== undefined ? undefined : missedAfter(schedule, maxDuration);
}
