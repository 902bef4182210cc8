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
  type Service as EcsService,
} from '@aws-sdk/client-ecs';
import { WorkerEnv, type AdditionalQueueEntry } from '../../src/contract/worker-env';
import type { Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';
import { failedContainer, reasonOf } from './tasks';

export interface Service {
  readonly name: string;
  readonly serviceName: string;
  readonly cluster: string;
  /** Resource id in Application Auto Scaling. */
  readonly resourceId: string;
  /** URLs of the queues that its tasks poll. */
  readonly queueUrls: readonly string[];
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** Absent if the service has no scalable target. */
  readonly limits?: { readonly min: number; readonly max: number; readonly suspended: boolean };
  readonly activities: readonly { readonly at: string; readonly description: string; readonly cause: string }[];
  /** Last failed task of the current deployment. */
  readonly lastFailure?: { readonly at: string; readonly reason: string };
  readonly deployment?: { readonly state: string; readonly reason?: string };
}

/** A service of a stack, before its state is read. */
export interface ServicePart {
  readonly name: string;
  readonly serviceName: string;
  readonly cluster: string;
  readonly resourceId: string;
}

const RECENT_ACTIVITIES = 3;
const RECENT_TASKS = 20;

/** ECS services of a stack, scaled or not. */
export function listServices(pipeline: Pipeline): ServicePart[] {
  return pipeline.ofType('AWS::ECS::Service', 'Service').map(({ name, physicalId: arn }) => {
    const [, cluster = 'default', serviceName = ''] = /service\/(?:([^/]+)\/)?([^/]+)$/.exec(arn) ?? [];
    return { name, serviceName, cluster, resourceId: `service/${cluster}/${serviceName}` };
  });
}

export async function describeServices(clients: Clients, pipeline: Pipeline): Promise<Service[]> {
  return eachOf(listServices(pipeline), async (part) => {
    const { services: [found = {}] = [] } = await clients.ecs.send(
      new DescribeServicesCommand({ cluster: part.cluster, services: [part.serviceName] }),
    );
    const {
      id: current,
      rolloutState: state,
      rolloutStateReason: reason,
    } = found.deployments?.find(({ status }) => status === 'PRIMARY') ?? {};
    const [queueUrls, limits, activities, lastFailure] = await Promise.all([
      queuesOf(clients, found),
      limitsOf(clients, part.resourceId),
      activitiesOf(clients, part.resourceId),
      lastFailureOf(clients, part, current),
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

/** Reads only the variables of our own contract, because a task definition may contain secrets. */
async function queuesOf(clients: Clients, { taskDefinition }: EcsService): Promise<string[]> {
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

/** The scalable dimension of an ECS service: its task count. */
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

async function limitsOf(clients: Clients, resourceId: string): Promise<Service['limits']> {
  const target = await scalableTarget(clients, resourceId);
  if (target === undefined) {
    return undefined;
  }
  const { DynamicScalingInSuspended: scaleIn = false, DynamicScalingOutSuspended: scaleOut = false } =
    target.SuspendedState ?? {};
  return { min: target.MinCapacity ?? 0, max: target.MaxCapacity ?? 0, suspended: scaleIn || scaleOut };
}

async function activitiesOf(clients: Clients, resourceId: string): Promise<Service['activities']> {
  const request = { ...ecsService, ResourceId: resourceId, MaxResults: RECENT_ACTIVITIES };
  const { ScalingActivities: found = [] } = await clients.scaling.send(new DescribeScalingActivitiesCommand(request));
  return found.map(({ StartTime: at, Description: description = '', Cause: cause = '' }) => ({
    at: at?.toISOString() ?? '',
    description,
    cause,
  }));
}

/**
 * ECS keeps a stopped task for an hour, with the deployment that started it. Failures of earlier deployments are
 * ignored, because the current one replaces them; their tasks may also stop after the current deployment began.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
async function lastFailureOf(
  clients: Clients,
  { cluster, serviceName }: ServicePart,
  deployment: string | undefined,
): Promise<Service['lastFailure']> {
  const { taskArns: tasks = [] } = await clients.ecs.send(
    new ListTasksCommand({ cluster, serviceName, desiredStatus: 'STOPPED', maxResults: RECENT_TASKS }),
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
