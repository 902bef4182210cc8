import { AlertKind, AlertSeverity, UNHEALTHY_REASON } from '../../contract/task-alerts';
import type { ContainerState, EcsEvent, ServiceEvent, TaskDetail, TaskEvent } from './events';

/** What someone is told. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  /** One sentence, the subject of an e-mail. */
  readonly title: string;
  readonly cluster: string;
  /** The service or task definition family. */
  readonly group: string;
  readonly reason: string;
  readonly time: string;
  readonly region: string;
  /** The same for every event about the same change. */
  readonly changeId: string;
  readonly task?: AlertedTask;
}

export interface AlertedTask {
  readonly arn: string;
  readonly id: string;
  readonly definitionArn: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly containers: readonly ContainerState[];
  /** Names of the containers that the alert is about. */
  readonly failed: readonly string[];
}

export interface Interest {
  readonly kinds: ReadonlySet<string>;
  readonly expectedExitCodes: ReadonlySet<number>;
}

/** What an event means; undefined when nobody wants to know. */
export function classify(event: EcsEvent, interest: Interest): Alert | undefined {
  const alert =
    event['detail-type'] === 'ECS Task State Change' ? classifyTask(event, interest) : classifyService(event);
  return alert && interest.kinds.has(alert.kind) ? alert : undefined;
}

interface Finding {
  readonly kind: AlertKind;
  readonly severity: AlertSeverity;
  /** What the task did, to go on after its name. */
  readonly did: string;
  readonly failed?: readonly string[];
}

function classifyTask(event: TaskEvent, interest: Interest): Alert | undefined {
  const { detail } = event;
  const finding = detail.lastStatus === 'STOPPED' ? explainStop(detail, interest) : explainStart(detail);
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
    reason: detail.stoppedReason ?? '',
    time: detail.stoppedAt ?? event.time,
    region: event.region,
    changeId: `${detail.taskArn}#${detail.version}`,
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

function explainStart({ lastStatus }: TaskDetail): Finding | undefined {
  return lastStatus === 'RUNNING'
    ? { kind: AlertKind.started, severity: AlertSeverity.info, did: 'is running' }
    : undefined;
}

/** Why a task stopped; undefined for scale-in, deployments and ends without failure. */
function explainStop(detail: TaskDetail, interest: Interest): Finding | undefined {
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
      return explainExit(containers, interest);
  }
}

function explainExit(
  containers: readonly ContainerState[],
  { kinds, expectedExitCodes }: Interest,
): Finding | undefined {
  const hungry = containers.filter(({ reason = '' }) => reason.startsWith('OutOfMemory'));
  if (hungry.length > 0 && kinds.has(AlertKind.outOfMemory)) {
    return {
      kind: AlertKind.outOfMemory,
      severity: AlertSeverity.error,
      did: 'ran out of memory',
      failed: hungry.map(({ name }) => name),
    };
  }
  const failed = containers.filter(({ exitCode }) => exitCode !== undefined && !expectedExitCodes.has(exitCode));
  const [first] = failed as readonly [ContainerState?, ...ContainerState[]];
  return (
    first && {
      kind: AlertKind.nonZeroExit,
      severity: AlertSeverity.error,
      did: `exited with code ${String(first.exitCode)}`,
      failed: failed.map(({ name }) => name),
    }
  );
}

const serviceFindings: Readonly<Record<string, Finding | undefined>> = {
  SERVICE_TASK_PLACEMENT_FAILURE: {
    kind: AlertKind.placementFailed,
    severity: AlertSeverity.error,
    did: 'finds no capacity for its tasks',
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
    reason: detail.reason ?? '',
    time: event.time,
    region: event.region,
    // These events have no version; one that EventBridge delivers twice has the same id.
    changeId: event.id,
  };
}

const lastPart = (text: string, separator: string) => text.slice(text.lastIndexOf(separator) + 1);
