import type { Environment } from '../deploy/assembly';
import type { ServiceAnswer, ServiceRequest } from '../emulator/emulator';
import type { ScalableTarget } from './read-template';

/** What the API needs of the autoscaler. */
export interface ScalableTargets {
  find(resourceId: string, environment: Environment): ScalableTarget | undefined;
  all(environment: Environment): readonly ScalableTarget[];
  /** Changes the limits, and whether policies may add tasks; a service outside of the limits is scaled into them at once. */
  register(resourceId: string, change: Pick<ScalableTarget, 'minCapacity' | 'maxCapacity' | 'scaleOutSuspended'>): void;
}

const SERVICE_NAMESPACE = 'ecs';
const SCALABLE_DIMENSION = 'ecs:service:DesiredCount';

/**
 * The part of Application Auto Scaling's API that programs call beside templates, on the scalable targets of the deployed stacks.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
 */
export function answerScalingCall({ action, input, account, region }: ServiceRequest, targets: ScalableTargets): ServiceAnswer {
  const environment = { account, region };
  if (input['ServiceNamespace'] !== SERVICE_NAMESPACE) {
    return invalid(`ServiceNamespace must be ${SERVICE_NAMESPACE} here, got: ${String(input['ServiceNamespace'])}`);
  }
  switch (action) {
    case 'RegisterScalableTarget': return register(input, environment, targets);
    case 'DescribeScalableTargets': return describe(input, environment, targets);
    default: return invalid(`the local autoscaler does not answer ${action}`);
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
    return invalid(`MinCapacity and MaxCapacity must be whole numbers, the first not above the second, got: ${String(min)} and ${String(max)}`);
  }
  const { DynamicScalingOutSuspended: scaleOutSuspended, ...others } = (input['SuspendedState'] ?? {}) as { readonly DynamicScalingOutSuspended?: boolean };
  if (Object.values(others).includes(true)) {
    return invalid(`SuspendedState can hold DynamicScalingOutSuspended here, got: ${Object.keys(others).join(', ')}`);
  }
  targets.register(target.resourceId, { minCapacity, maxCapacity, ...(scaleOutSuspended !== undefined && { scaleOutSuspended }) });
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
        SuspendedState: { DynamicScalingOutSuspended: target.scaleOutSuspended ?? false, DynamicScalingInSuspended: false, ScheduledScalingSuspended: false },
        ScalableTargetARN: arnOf(target, environment),
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
