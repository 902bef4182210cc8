import type { ServiceAnswer, ServiceRequest } from '../emulator/emulator';
import type { Environment, ScalingActivity } from '../types';
import type { ScalableTarget, SuspendedScaling } from './read-template';

/** The scalable targets of the autoscaler, for the API. */
export interface ScalableTargets {
  find(resourceId: string, environment: Environment): ScalableTarget | undefined;
  all(environment: Environment): readonly ScalableTarget[];
  /** Changes limits and suspensions; a service outside of the limits is scaled into them at once. */
  register(resourceId: string, change: Registration): void;
  /** Scaling activities, oldest first; undefined for an unknown target. */
  activities(resourceId: string, environment: Environment): readonly ScalingActivity[] | undefined;
}

export type Registration = Required<Pick<ScalableTarget, 'minCapacity' | 'maxCapacity' | 'suspended'>>;

const SERVICE_NAMESPACE = 'ecs';
const SCALABLE_DIMENSION = 'ecs:service:DesiredCount';

/**
 * The part of Application Auto Scaling's API that programs call, on the scalable targets of the deployed stacks.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
 */
export function answerScalingCall(
  { action, input, account, region }: ServiceRequest,
  targets: ScalableTargets,
): ServiceAnswer {
  const environment = { account, region };
  if (input['ServiceNamespace'] !== SERVICE_NAMESPACE) {
    return invalid(`ServiceNamespace must be ${SERVICE_NAMESPACE} here, got: ${String(input['ServiceNamespace'])}`);
  }
  switch (action) {
    case 'RegisterScalableTarget':
      return register(input, environment, targets);
    case 'DescribeScalableTargets':
      return describe(input, environment, targets);
    case 'DescribeScalingActivities':
      return describeActivities(input, environment, targets);
    default:
      return invalid(`the local autoscaler does not answer ${action}`);
  }
}

function register(input: ServiceRequest['input'], environment: Environment, targets: ScalableTargets): ServiceAnswer {
  const { ResourceId: resourceId, ScalableDimension: dimension, MinCapacity: min, MaxCapacity: max } = input;
  if (dimension !== SCALABLE_DIMENSION) {
    return invalid(`ScalableDimension must be ${SCALABLE_DIMENSION} here, got: ${String(dimension)}`);
  }
  const target = targets.find(String(resourceId), environment);
  if (!target) {
    return invalid(`no deployed template has a scalable target for ${String(resourceId)}`);
  }
  const minCapacity = isCount(min) ? min : target.minCapacity;
  const maxCapacity = isCount(max) ? max : target.maxCapacity;
  if ([min, max].some((limit) => limit !== undefined && !isCount(limit)) || minCapacity > maxCapacity) {
    return invalid(
      `MinCapacity and MaxCapacity must be whole numbers, the first not above the second, got: ${String(min)} and ${String(max)}`,
    );
  }
  targets.register(target.resourceId, {
    minCapacity,
    maxCapacity,
    suspended: suspendedBy(input['SuspendedState'], target),
  });
  return { status: 200, body: { ScalableTargetARN: arnOf(target, environment) } };
}

function describe(input: ServiceRequest['input'], environment: Environment, targets: ScalableTargets): ServiceAnswer {
  const wanted = input['ResourceIds'] as readonly string[] | undefined;
  const found = targets.all(environment).filter(({ resourceId }) => wanted?.includes(resourceId) ?? true);
  return {
    status: 200,
    body: {
      ScalableTargets: found.map((target) => ({
        ServiceNamespace: SERVICE_NAMESPACE,
        ScalableDimension: SCALABLE_DIMENSION,
        ResourceId: target.resourceId,
        MinCapacity: target.minCapacity,
        MaxCapacity: target.maxCapacity,
        ScalableTargetARN: arnOf(target, environment),
        SuspendedState: {
          DynamicScalingInSuspended: target.suspended?.scaleIn ?? false,
          DynamicScalingOutSuspended: target.suspended?.scaleOut ?? false,
          ScheduledScalingSuspended: false,
        },
      })),
    },
  };
}

/** An absent field keeps its value, as in the API. */
function suspendedBy(
  given: unknown,
  { suspended = { scaleIn: false, scaleOut: false } }: ScalableTarget,
): SuspendedScaling {
  const { DynamicScalingInSuspended: scaleIn, DynamicScalingOutSuspended: scaleOut } = (given ?? {}) as Record<
    string,
    unknown
  >;
  return {
    scaleIn: typeof scaleIn === 'boolean' ? scaleIn : suspended.scaleIn,
    scaleOut: typeof scaleOut === 'boolean' ? scaleOut : suspended.scaleOut,
  };
}

/** @see https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html */
function describeActivities(
  input: ServiceRequest['input'],
  environment: Environment,
  targets: ScalableTargets,
): ServiceAnswer {
  const resourceId = String(input['ResourceId']);
  const newestFirst = [...(targets.activities(resourceId, environment) ?? [])].reverse();
  const limit = isCount(input['MaxResults']) ? input['MaxResults'] : newestFirst.length;
  return {
    status: 200,
    body: {
      ScalingActivities: newestFirst.slice(0, limit).map((activity, index) => ({
        ActivityId: `${resourceId}/${newestFirst.length - index}`,
        ServiceNamespace: SERVICE_NAMESPACE,
        ScalableDimension: SCALABLE_DIMENSION,
        ResourceId: resourceId,
        Description: `Setting desired count to ${activity.to}.`,
        Cause: activity.cause,
        StartTime: activity.at / 1000,
        EndTime: activity.at / 1000,
        StatusCode: 'Successful',
        StatusMessage: `Successfully set desired count to ${activity.to}.`,
      })),
    },
  };
}

function arnOf({ resourceId }: ScalableTarget, { account, region }: Environment): string {
  return `arn:aws:application-autoscaling:${region}:${account}:scalable-target/${Buffer.from(resourceId).toString('hex').slice(-24)}`;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function invalid(message: string): ServiceAnswer {
  return { status: 400, body: { __type: 'ValidationException', message } };
}
