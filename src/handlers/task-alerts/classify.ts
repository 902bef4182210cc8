import { AlertKind, AlertSeverity, UNHEALTHY_REASON } from '../../contract/task-alerts';
import { UNAVAILABLE_EXIT_CODE } from '../../contract/task-run-env';
import type { ContainerState, EcsEvent, ServiceEvent, TaskDetail, TaskEvent } from './events';

/** An alert. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  /** One sentence, the subject of an e-mail. */
  readonly title: string;
  readonly cluster: string;
  /** The service or task definition family. */
  readonly group: string;
  /** `service:<name>` or `family:<name>`: what has its own budget of alerts in its cluster. */
  readonly owner: string;
  readonly reason: string;
  readonly time: string;
  readonly region: string;
  /** Identical for all events of the same change. */
  readonly changeId: string;
  readonly task?: AlertedTask;
  /** Only a digest contains it. */
  readonly canWait?: boolean;
}

export interface AlertedTask {
  readonly arn: string;
  readonly id: string;
  readonly definitionArn: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly containers: readonly ContainerState[];
  /** Names of the containers that caused the alert. */
  readonly failed: readonly string[];
}

export interface AlertFilter {
  readonly kinds: ReadonlySet<string>;
  readonly expectedExitCodes: ReadonlySet<number>;
}

/** The alert for an event; undefined if the filter excludes it. */
export function classify(event: EcsEvent, filter: AlertFilter): Alert | undefined {
  const alert = event['detail-type'] === 'ECS Task State Change' ? classifyTask(event, filter) : classifyService(event);
  return alert && filter.kinds.has(alert.kind) ? alert : undefined;
}

interface Finding {
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  /** Predicate of the title, after the name of the task or service. */
  readonly did: string;
  readonly failed?: readonly string[];
  readonly canWait?: boolean;
}

function classifyTask(event: TaskEvent, filter: AlertFilter): Alert | undefined {
  const { detail } = event;
  const finding = detail.lastStatus === 'STOPPED' ? explainStop(detail, filter) : explainStart(detail);
  if (!finding) {
    return undefined;
  }
  const group = lastPart(detail.group ?? detail.taskDefinitionArn, detail.group === undefined ? '/' : ':');
  return {
    kind: finding.kind,
    severity: finding.severity,
    title: `A task of ${group} ${finding.did}`,
    cluster: lastPart(detail.clusterArn, '/'),
    group,
    owner: ownerOf(detail),
    reason: detail.stoppedReason ?? '',
    time: detail.stoppedAt ?? event.time,
    region: event.region,
    changeId: `${detail.taskArn}#${detail.version}`,
    ...(finding.canWait && { canWait: true }),
    task: {
      arn: detail.taskArn,
      id: lastPart(detail.taskArn, '/'),
      definitionArn: detail.taskDefinitionArn,
      startedAt: detail.startedAt,
      stoppedAt: detail.stoppedAt,
      containers: detail.containers ?? [],
      failed: finding.failed ?? [],
    },
  };
}

/** A group that RunTask sets can differ for each task, so that a budget of its own would be no limit. */
function ownerOf({ group = '', taskDefinitionArn }: TaskDetail): string {
  const [family] = lastPart(taskDefinitionArn, '/').split(':');
  return group.startsWith('service:') ? group : `family:${family}`;
}

function explainStart({ lastStatus }: TaskDetail): Finding | undefined {
  return lastStatus === 'RUNNING'
    ? { kind: AlertKind.started, severity: AlertSeverity.info, did: 'is running' }
    : undefined;
}

/** Why a task stopped; undefined for scale-in, deployments and successful ends. */
function explainStop(detail: TaskDetail, filter: AlertFilter): Finding | undefined {
  const { stopCode, stoppedReason = '', containers = [] } = detail;
  switch (stopCode) {
    case 'TaskFailedToStart':
      return {
        kind: AlertKind.failedToStart,
        severity: AlertSeverity.error,
        did: 'failed to start',
        failed: containers.filter(({ reason }) => reason !== undefined).map(({ name }) => name),
      };
    case 'SpotInterruption':
    case 'TerminationNotice':
      return {
        kind: AlertKind.spotInterruption,
        severity: AlertSeverity.warning,
        did: 'was reclaimed by Fargate Spot',
      };
    case 'InfrastructureHealth':
      return {
        kind: AlertKind.infrastructure,
        severity: AlertSeverity.error,
        did: 'was stopped because its host failed',
      };
    case 'UserInitiated':
      return { kind: AlertKind.stoppedByUser, severity: AlertSeverity.info, did: 'was stopped by a user' };
    case 'ServiceSchedulerInitiated':
      return stoppedReason.includes(UNHEALTHY_REASON)
        ? { kind: AlertKind.unhealthy, severity: AlertSeverity.error, did: 'failed its health checks' }
        : undefined;
    default:
      return explainExit(containers, filter);
  }
}

function explainExit(
  containers: readonly ContainerState[],
  { kinds, expectedExitCodes }: AlertFilter,
): Finding | undefined {
  const outOfMemory = containers.filter(({ reason = '' }) => reason.startsWith('OutOfMemory'));
  if (outOfMemory.length > 0 && kinds.has(AlertKind.outOfMemory)) {
    return {
      kind: AlertKind.outOfMemory,
      severity: AlertSeverity.error,
      did: 'ran out of memory',
      failed: outOfMemory.map(({ name }) => name),
    };
  }
  const failed = containers.filter(({ exitCode }) => exitCode !== undefined && !expectedExitCodes.has(exitCode));
  if (failed.length === 0) {
    return undefined;
  }
  const names = failed.map(({ name }) => name);
  const first = failed.find(({ exitCode }) => exitCode !== UNAVAILABLE_EXIT_CODE);
  return first === undefined
    ? {
        kind: AlertKind.nonZeroExit,
        severity: AlertSeverity.warning,
        did: `exited with code ${UNAVAILABLE_EXIT_CODE}: a dependency is unavailable`,
        failed: names,
        // Every attempt during an outage ends so, and `dependencyUnavailableAlarm` reports the outage
        canWait: true,
      }
    : {
        kind: AlertKind.nonZeroExit,
        severity: AlertSeverity.error,
        did: `exited with code ${String(first.exitCode)}`,
        failed: names,
      };
}

const serviceFindings: Readonly<Record<string, Finding | undefined>> = {
  SERVICE_TASK_PLACEMENT_FAILURE: {
    kind: AlertKind.placementFailed,
    severity: AlertSeverity.error,
    did: 'has no capacity for its tasks',
  },
  SERVICE_TASK_START_IMPAIRED: {
    kind: AlertKind.startImpaired,
    severity: AlertSeverity.error,
    did: 'cannot start its tasks',
  },
  SERVICE_DEPLOYMENT_FAILED: {
    kind: AlertKind.deploymentFailed,
    severity: AlertSeverity.error,
    did: 'failed to deploy',
  },
};

function classifyService(event: ServiceEvent): Alert | undefined {
  const { detail } = event;
  const finding = serviceFindings[detail.eventName];
  if (!finding) {
    return undefined;
  }
  const service = event.resources.at(0) ?? '';
  const group = lastPart(service, '/');
  return {
    kind: finding.kind,
    severity: finding.severity,
    title: `${group} ${finding.did}`,
    cluster: lastPart(detail.clusterArn ?? service.slice(0, service.lastIndexOf('/')), '/'),
    group,
    owner: `service:${group}`,
    reason: detail.reason ?? '',
    time: event.time,
    region: event.region,
    // These events have no version; duplicate deliveries by EventBridge have the same id.
    changeId: event.id,
  };
}

const lastPart = (text: string, separator: string) => text.slice(text.lastIndexOf(separator) + 1);
