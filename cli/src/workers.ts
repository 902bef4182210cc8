import {
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  ScalableDimension,
  ServiceNamespace,
  type ScalableTarget,
} from '@aws-sdk/client-application-auto-scaling';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import { WorkerEnv, type AdditionalQueueEntry } from '../../src/contract/worker-env';
import type { Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';

export interface Worker {
  readonly name: string;
  readonly service: string;
  readonly cluster: string;
  /** As Application Auto Scaling names it. */
  readonly resourceId: string;
  /** URLs of the queues that it works on. */
  readonly queueUrls: readonly string[];
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** Absent when nothing scales the service. */
  readonly limits?: { readonly min: number; readonly max: number; readonly suspended: boolean };
  readonly activities: readonly { readonly at: string; readonly description: string; readonly cause: string }[];
  /** Why the last task ended that did not end as it should; of the deployment that is in force. */
  readonly lastFailure?: { readonly at: string; readonly reason: string };
  readonly deployment?: { readonly state: string; readonly reason?: string };
}

/** A service of a stack, before anything is asked about it. */
export interface WorkerPart {
  readonly name: string;
  readonly service: string;
  readonly cluster: string;
  readonly resourceId: string;
}

const RECENT_ACTIVITIES = 3;
const RECENT_TASKS = 20;

/** Services of a stack that have a scalable number of tasks or not; by their names. */
export function listWorkers(pipeline: Pipeline): WorkerPart[] {
  return pipeline.ofType('AWS::ECS::Service', 'Service').map(({ name, physicalId: arn }) => {
    const [, cluster = 'default', service = ''] = /service\/(?:([^/]+)\/)?([^/]+)$/.exec(arn) ?? [];
    return { name, service, cluster, resourceId: `service/${cluster}/${service}` };
  });
}

export async function describeWorkers(clients: Clients, pipeline: Pipeline): Promise<Worker[]> {
  return eachOf(listWorkers(pipeline), async (part) => {
    const { services: [found = {}] = [] } = await clients.ecs.send(
      new DescribeServicesCommand({ cluster: part.cluster, services: [part.service] }),
    );
    const {
      id: inForce,
      rolloutState: state,
      rolloutStateReason: reason,
    } = found.deployments?.find(({ status }) => status === 'PRIMARY') ?? {};
    const [queueUrls, limits, activities, lastFailure] = await Promise.all([
      queuesOf(clients, found),
      limitsOf(clients, part.resourceId),
      activitiesOf(clients, part.resourceId),
      lastFailureOf(clients, part, inForce),
    ]);
    const { desiredCount: desired = 0, runningCount: running = 0, pendingCount: pending = 0 } = found;
    return {
      ...part,
      queueUrls,
      desired,
      running,
      pending,
      activities,
      ...(limits && { limits }),
      ...(lastFailure && { lastFailure }),
      ...(state !== undefined && { deployment: { state, ...(reason !== undefined && { reason }) } }),
    };
  });
}

/** Only the variables of our own contract are looked at: a task definition may hold what nobody should print. */
async function queuesOf(clients: Clients, { taskDefinition }: Service): Promise<string[]> {
  if (taskDefinition === undefined) {
    return [];
  }
  const { taskDefinition: { containerDefinitions = [] } = {} } = await clients.ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition }),
  );
  const variables = containerDefinitions.flatMap(({ environment = [] }) => environment);
  const valueOf = (name: string) => variables.find((variable) => variable.name === name)?.value;
  const further = JSON.parse(valueOf(WorkerEnv.additionalQueues) ?? '[]') as AdditionalQueueEntry[];
  return [valueOf(WorkerEnv.queueUrl), ...further.map(({ url }) => url)].filter((url) => url !== undefined);
}

/** What Application Auto Scaling is asked about: the number of tasks of a service. */
export const ecsService = {
  ServiceNamespace: ServiceNamespace.ECS,
  ScalableDimension: ScalableDimension.ECSServiceDesiredCount,
} as const;

export async function scalableTarget(clients: Clients, resourceId: string): Promise<ScalableTarget | undefined> {
  const { ScalableTargets: [found] = [] } = await clients.scaling.send(
    new DescribeScalableTargetsCommand({
      ...ecsService,
      ResourceIds: [resourceId],
    }),
  );
  return found;
}

async function limitsOf(clients: Clients, resourceId: string): Promise<Worker['limits']> {
  const target = await scalableTarget(clients, resourceId);
  if (target === undefined) {
    return undefined;
  }
  const { DynamicScalingInSuspended: scaleIn = false, DynamicScalingOutSuspended: scaleOut = false } =
    target.SuspendedState ?? {};
  return { min: target.MinCapacity ?? 0, max: target.MaxCapacity ?? 0, suspended: scaleIn || scaleOut };
}

async function activitiesOf(clients: Clients, resourceId: string): Promise<Worker['activities']> {
  const asked = { ...ecsService, ResourceId: resourceId, MaxResults: RECENT_ACTIVITIES };
  const { ScalingActivities: found = [] } = await clients.scaling.send(new DescribeScalingActivitiesCommand(asked));
  return found.map(({ StartTime: at, Description: description = '', Cause: cause = '' }) => ({
    at: at?.toISOString() ?? '',
    description,
    cause,
  }));
}

/**
 * ECS remembers a task for an hour after its end, and names the deployment that started it. What failed under another
 * one is mended or replaced,
 * also when it ends after the deployment that mends it has begun.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
async function lastFailureOf(
  clients: Clients,
  { cluster, service }: WorkerPart,
  deployment: string | undefined,
): Promise<Worker['lastFailure']> {
  const { taskArns: tasks = [] } = await clients.ecs.send(
    new ListTasksCommand({ cluster, serviceName: service, desiredStatus: 'STOPPED', maxResults: RECENT_TASKS }),
  );
  if (tasks.length === 0) {
    return undefined;
  }
  const { tasks: found = [] } = await clients.ecs.send(new DescribeTasksCommand({ cluster, tasks }));
  const failed = found.filter(
    ({ startedBy, stopCode, containers = [] }) =>
      startedBy === deployment &&
      (stopCode === 'TaskFailedToStart' ||
        (stopCode === 'EssentialContainerExited' && containers.some(failedContainer))),
  );
  const last = failed.sort((one, other) => (other.stoppedAt?.getTime() ?? 0) - (one.stoppedAt?.getTime() ?? 0)).at(0);
  return last && { at: last.stoppedAt?.toISOString() ?? '', reason: reasonOf(last) };
}

const failedContainer = ({ exitCode, reason }: { exitCode?: number; reason?: string }) =>
  reason !== undefined || (exitCode !== undefined && exitCode !== 0);

function reasonOf({ stoppedReason = '', containers = [] }: Task): string {
  const ends = containers
    .filter(failedContainer)
    .map(({ name = '', exitCode, reason }) =>
      [name, exitCode === undefined ? '' : `exit code ${exitCode}`, reason].filter(Boolean).join(': '),
    );
  return [stoppedReason, ...ends].join('; ');
}
