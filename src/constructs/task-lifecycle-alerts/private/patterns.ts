import { Stack } from 'aws-cdk-lib';
import type { ICluster, IService } from 'aws-cdk-lib/aws-ecs';
import { Match, type EventPattern } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { EcsEvents, UNHEALTHY_REASON } from '../../../contract/task-alerts';
import { TaskAlert } from '../task-alert';

/** The filters of events. */
export interface Scope {
  readonly clusters?: readonly ICluster[];
  readonly services?: readonly IService[];
  readonly families?: readonly string[];
}

/** The event patterns of the selected alerts, by the name of their rule. */
export function renderPatterns(
  scope: Construct,
  alerts: ReadonlySet<TaskAlert>,
  of: Scope,
  expectedExitCodes: readonly number[],
): Record<string, EventPattern> {
  const stops = renderStops(alerts, expectedExitCodes);
  const actions = [
    ...(alerts.has(TaskAlert.PLACEMENT_FAILED) ? ['SERVICE_TASK_PLACEMENT_FAILURE'] : []),
    ...(alerts.has(TaskAlert.START_IMPAIRED) ? ['SERVICE_TASK_START_IMPAIRED'] : []),
  ];
  // Families have tasks but no services.
  const servicesWanted = of.families === undefined || of.services !== undefined;
  return {
    ...(stops.length > 0 && { Stopped: taskPattern(of, { lastStatus: ['STOPPED'], $or: stops }) }),
    ...(alerts.has(TaskAlert.STARTED) && {
      Started: taskPattern(of, { lastStatus: ['RUNNING'], desiredStatus: ['RUNNING'] }),
    }),
    ...(servicesWanted &&
      actions.length > 0 && { Service: servicePattern(EcsEvents.serviceAction, actions, serviceArns(scope, of)) }),
    ...(servicesWanted &&
      alerts.has(TaskAlert.DEPLOYMENT_FAILED) && {
        Deployment: servicePattern(
          EcsEvents.deploymentStateChange,
          ['SERVICE_DEPLOYMENT_FAILED'],
          serviceArns(scope, of),
        ),
      }),
  };
}

/** The stops that may raise alerts, as far as a pattern can match them. Scale-in and deployments match none of them. */
function renderStops(alerts: ReadonlySet<TaskAlert>, expectedExitCodes: readonly number[]): object[] {
  const byCode = [
    ...(alerts.has(TaskAlert.FAILED_TO_START) ? ['TaskFailedToStart'] : []),
    ...(alerts.has(TaskAlert.SPOT_INTERRUPTION) ? ['SpotInterruption', 'TerminationNotice'] : []),
    ...(alerts.has(TaskAlert.INFRASTRUCTURE) ? ['InfrastructureHealth'] : []),
    ...(alerts.has(TaskAlert.STOPPED_BY_USER) ? ['UserInitiated'] : []),
  ];
  const byExit = alerts.has(TaskAlert.NON_ZERO_EXIT) || alerts.has(TaskAlert.OUT_OF_MEMORY);
  return [
    ...(byCode.length > 0 ? [{ stopCode: byCode }] : []),
    // One container is enough to match, and a container that never ran has no exit code.
    ...(byExit
      ? [{ stopCode: ['EssentialContainerExited'], containers: { exitCode: [{ 'anything-but': expectedExitCodes }] } }]
      : []),
    ...(alerts.has(TaskAlert.UNHEALTHY)
      ? [{ stopCode: ['ServiceSchedulerInitiated'], stoppedReason: Match.wildcard(`*${UNHEALTHY_REASON}*`) }]
      : []),
  ];
}

function taskPattern({ clusters, services, families }: Scope, detail: Record<string, unknown>): EventPattern {
  const groups = [
    ...(services ?? []).map(({ serviceName }) => `service:${serviceName}`),
    ...(families ?? []).map((family) => `family:${family}`),
  ];
  return {
    source: [EcsEvents.source],
    detailType: [EcsEvents.taskStateChange],
    detail: {
      ...(clusters && { clusterArn: clusters.map(({ clusterArn }) => clusterArn) }),
      ...(groups.length > 0 && { group: groups }),
      ...detail,
    },
  };
}

function servicePattern(detailType: string, eventName: string[], resources: string[] | undefined): EventPattern {
  return { source: [EcsEvents.source], detailType: [detailType], resources, detail: { eventName } };
}

/** By ARN, because events of deployments identify the cluster only there. */
function serviceArns(scope: Construct, { clusters, services }: Scope): string[] | undefined {
  if (services !== undefined) {
    return services.map(({ serviceArn }) => serviceArn);
  }
  return clusters?.flatMap((cluster) =>
    Match.prefix(
      Stack.of(scope).formatArn({
        service: 'ecs',
        region: cluster.env.region,
        account: cluster.env.account,
        resource: 'service',
        resourceName: `${cluster.clusterName}/`,
      }),
    ),
  );
}
