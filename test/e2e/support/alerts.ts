import type { Acknowledged } from '../../least-privilege/findings';

/** What `TaskLifecycleAlerts` may do, and what a run needs only if the function has failed. */
export function unusedByAlerts(alerts: string): Acknowledged[] {
  return ['sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'].map((action) => ({
    role: `${alerts}Function`,
    action,
    because: 'dead-letter messages of the alerts are handled again: without a failure, there are none',
    sometimes: true,
  }));
}
