import { RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { choose, type Pipeline } from './pipeline';
import type { Clients } from './support/clients';
import { CliError, ExitCode } from './support/errors';
import { ecsService, listServices, scalableTarget } from './services';

export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly suspended: boolean;
}

export interface ScalingChange {
  readonly service: string;
  readonly before: Limits;
  readonly after: Limits;
  /** Nothing changed: it was a dry run, or the values were already set. */
  readonly unchanged: boolean;
}

/**
 * Changes the limits of a service, or suspends or resumes its scaling. The next deployment that updates the scalable
 * target restores the values of its template.
 */
export async function changeScaling(
  clients: Clients,
  pipeline: Pipeline,
  name: string | undefined,
  wanted: Partial<Limits>,
  dryRun: boolean,
): Promise<ScalingChange> {
  const { name: service, resourceId } = choose('service', listServices(pipeline), name);
  const target = await scalableTarget(clients, resourceId);
  if (target === undefined) {
    throw new CliError(
      ExitCode.notFound,
      `${service} is not scaled: Application Auto Scaling has no scalable target ${resourceId}; deploy the stack again`,
    );
  }
  const { DynamicScalingInSuspended: scaleIn = false, DynamicScalingOutSuspended: scaleOut = false } =
    target.SuspendedState ?? {};
  const before = { min: target.MinCapacity ?? 0, max: target.MaxCapacity ?? 0, suspended: scaleIn || scaleOut };
  const after = { ...before, ...wanted };
  if (after.min > after.max) {
    throw new CliError(
      ExitCode.usage,
      `--min cannot be greater than --max, got: ${after.min} and ${after.max}; the limits of ${service} are ${before.min} and ${before.max} now`,
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
  return { service, before, after, unchanged: same || dryRun };
}
