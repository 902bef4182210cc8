import type { Acknowledged } from '../../least-privilege/findings';

/** What a workflow may do with its batches, and what no run on the local cloud needs. */
export function unusedByRuns(workflow: string): Acknowledged[] {
  const role = `${workflow}BatchExecutions`;
  return [
    { role, action: 'states:StopExecution', because: 'a Distributed Map of the local cloud stops no executions' },
    {
      role,
      action: 'states:RedriveExecution',
      because: 'batches continue when an operator redrives a run; none does here',
    },
  ];
}

/** What a workflow whose batches wait in its machine does only while a dependency is unavailable. */
export const unusedWithoutOutage = (workflow: string): Acknowledged => ({
  role: `${workflow}StateMachine`,
  action: 'cloudwatch:PutMetricData',
  because: 'reports for how long a batch waits for a dependency; none is unavailable here',
});
