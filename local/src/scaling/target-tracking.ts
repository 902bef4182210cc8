/** `AWS::ApplicationAutoScaling::ScalingPolicy` of type TargetTrackingScaling. */
export interface TargetTracking {
  readonly target: number;
  readonly scaleInCooldownSeconds: number;
  readonly scaleOutCooldownSeconds: number;
  readonly disableScaleIn: boolean;
}

/** It scales out after three periods above the target, and in after fifteen below 90 % of it. */
export const OUT_PERIODS = 3;
export const IN_PERIODS = 15;
export const IN_SHARE = 0.9;

/**
 * The capacity that brings the metric to its target, rounded up; undefined when the periods require no change.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
 */
export function track(
  policy: TargetTracking,
  capacity: number,
  points: readonly (number | undefined)[],
): number | undefined {
  const latest = points.at(-1);
  if (latest === undefined) {
    return undefined;
  }
  const wanted = Math.ceil((Math.max(capacity, 1) * latest) / policy.target);
  if (all(points.slice(-OUT_PERIODS), OUT_PERIODS, (value) => value > policy.target)) {
    return Math.max(wanted, capacity + 1);
  }
  if (
    !policy.disableScaleIn &&
    all(points.slice(-IN_PERIODS), IN_PERIODS, (value) => value < policy.target * IN_SHARE)
  ) {
    return wanted < capacity ? wanted : undefined;
  }
  return undefined;
}

function all(points: readonly (number | undefined)[], count: number, holds: (value: number) => boolean): boolean {
  return points.length === count && points.every((value) => value !== undefined && holds(value));
}
