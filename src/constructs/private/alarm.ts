import type { StepScalingAction } from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Construct } from 'constructs';
import { routeAlarm } from './alarm-routes';

/** The location of the runbooks, to which the descriptions of alarms link. */
export const RUNBOOKS = 'https://github.com/fileworks/cdk-fileworks/blob/main/docs/operations/runbooks';

/** A page below docs/operations/runbooks. */
export type Runbook =
  | 'alerts-dead-letter'
  | 'alerts-stopped'
  | 'alerts-undelivered'
  | 'batch-failure'
  | 'batch-missed'
  | 'batch-not-started'
  | 'bucket-undelivered-events'
  | 'delivery-failure'
  | 'delivery-missed'
  | 'delivery-not-started'
  | 'dependency-unavailable'
  | 'dispatcher-blocked'
  | 'dispatcher-dead-letter'
  | 'dispatcher-event-age'
  | 'dispatcher-not-launching'
  | 'dispatcher-queued-age'
  | 'dispatcher-refused'
  | 'dispatcher-sweeper'
  | 'dispatcher-undelivered-events'
  | 'dispatcher-wakes-dead-letter'
  | 'export-undelivered-events'
  | 'files-missing'
  | 'function-throttled'
  | 'jobs-dead-letter'
  | 'loader-dead-letter'
  | 'loader-errors'
  | 'loader-not-starting'
  | 'loader-oldest-message'
  | 'object-task-dead-letter'
  | 'pipeline'
  | 'scheduled-job-failure'
  | 'scheduled-job-missed'
  | 'scheduled-job-not-started'
  | 'worker-not-starting'
  | 'worker-oldest-message'
  | 'worker-on-demand-fallback'
  | 'worker-saturation'
  | 'worker-scaling'
  | 'worker-wake-up-dead-letter';

/** The text of an alarm for the operator. */
export interface AlarmNotice {
  /** One sentence about the failure, without its period. */
  readonly description: string;
  /** The remedy. */
  readonly runbook: Runbook;
}

export function describeAlarm({ description, runbook }: AlarmNotice): string {
  return `${description}. What to do: ${RUNBOOKS}/${runbook}.md`;
}

/** By default, an alarm at or above a threshold in one period, for which missing data is not breaching. */
export interface AlarmOptions
  extends AlarmNotice, Omit<cloudwatch.AlarmProps, 'alarmDescription' | 'evaluationPeriods'> {
  readonly evaluationPeriods?: number;
}

/** Creates an alarm for operators, which notifies the actions of `PipelineAlarms` and links to its runbook. */
export function createAlarm(scope: Construct, id: string, options: AlarmOptions): cloudwatch.Alarm {
  const alarm = newAlarm(scope, id, options);
  routeAlarm(alarm);
  return alarm;
}

/** Creates an alarm that only scales, and is in ALARM in normal operation. */
export function createScalingAlarm(
  scope: Construct,
  id: string,
  policy: StepScalingAction,
  options: AlarmOptions,
): cloudwatch.Alarm {
  const alarm = newAlarm(scope, id, options);
  alarm.addAlarmAction(new ApplicationScalingAction(policy));
  return alarm;
}

function newAlarm(scope: Construct, id: string, { description, runbook, ...props }: AlarmOptions): cloudwatch.Alarm {
  return new cloudwatch.Alarm(scope, id, {
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    // Idle resources send no metrics
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    ...props,
    alarmDescription: describeAlarm({ description, runbook }),
  });
}
