import type { Task } from '@aws-sdk/client-ecs';

/** Whether a container of a stopped task failed. */
export const failedContainer = ({ exitCode, reason }: { exitCode?: number; reason?: string }) =>
  reason !== undefined || (exitCode !== undefined && exitCode !== 0);

/** Why a task stopped, with the exit codes of its failed containers. */
export function reasonOf({ stoppedReason = '', containers = [] }: Task): string {
  const failures = containers
    .filter(failedContainer)
    .map(({ name = '', exitCode, reason }) =>
      [name, exitCode === undefined ? '' : `exit code ${exitCode}`, reason].filter(Boolean).join(': '),
    );
  return [stoppedReason, ...failures].join('; ');
}
