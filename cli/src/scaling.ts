import { RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { choose, type Pipeline } from './pipeline';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';
import { ecsService, listWorkers, scalableTarget } from './workers';

export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly suspended: boolean;
}

export interface ScalingChange {
  readonly worker: string;
  readonly before: Limits;
  readonly after: Limits;
  /** Nothing was changed, because it was a dry run or all was so already. */
  readonly unchanged: boolean;
}

/**
 * Changes limits of a worker, or suspends and resumes its policies. The next deployment that touches the scalable
 * target sets what its template says.
 */
export async function changeScaling(
  clients: Clients,
  pipeline: Pipeline,
  name: string | undefined,
  wanted: Partial<Limits>,
  dryRun: boolean,
): Promise<ScalingChange> {
  const { name: worker, resourceId } = choose('worker', listWorkers(pipeline), name);
  const target = await scalableTarget(clients, resourceId);
  if (target === undefined) {
    throw new CliError(
      ExitCode.notFound,
      `nothing scales ${worker}: Application Auto Scaling has no scalable target ${resourceId}; deploy the stack again`,
    );
  }
  const { DynamicScalingInSuspended: scaleIn = false, DynamicScalingOutSuspended: scaleOut = false } =
    target.SuspendedState ?? {};
  const before = { min: target.MinCapacity ?? 0, max: target.MaxCapacity ?? 0, suspended: scaleIn || scaleOut };
  const after = { ...before, ...wanted };
  if (after.min > after.max) {
    throw new CliError(
      ExitCode.usage,
      `--min cannot be above --max, got: ${after.min} and ${after.max}; the limits of ${worker} are ${before.min} and ${before.max} now`,
    );
  }
  const same = before.min === after.min && before.max === after.max && before.suspended === after.suspended;
  if (!same && !dryRun) {
    await clients.scaling.send(
      new RegisterScalableTargetCommand({
        ...ecsService,
        ResourceId: resourceId,
        MinCapacity: after.min,
        MaxCapacity: after.max,
        SuspendedState: {
          DynamicScalingInSuspended: after.suspended,
          DynamicScalingOutSuspended: after.suspended,
          ScheduledScalingSuspended: after.suspended,
        },
      }),
    );
  }
  return { worker, before, after, unchanged: same || dryRun };
}
