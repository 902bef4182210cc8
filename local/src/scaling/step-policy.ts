/** `AWS::ApplicationAutoScaling::ScalingPolicy` of type StepScaling. */
export interface StepPolicy {
  readonly adjustmentType: string;
  readonly steps: readonly Step[];
  readonly cooldownSeconds: number;
  /** Of PercentChangeInCapacity: at least this many tasks. */
  readonly minAdjustmentMagnitude: number;
}

/** Bounds are distances from the alarm's threshold. */
export interface Step {
  readonly lower?: number;
  readonly upper?: number;
  readonly adjustment: number;
}

/** The last scaling by a policy. */
export interface LastScaling {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The capacity that a step policy requests, before minimum and maximum; undefined when no step covers the metric.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
 */
export function adjust(policy: StepPolicy, capacity: number, value: number, threshold: number): number | undefined {
  const distance = value - threshold;
  // The bound nearer to the threshold belongs to the step: the lower one of a step above it, the upper one of a step
  // below it.
  const step = policy.steps.find(({ lower = -Infinity, upper = Infinity }) =>
    upper > 0 ? distance >= lower && distance < upper : distance > lower && distance <= upper,
  );
  if (!step) {
    return undefined;
  }
  switch (policy.adjustmentType) {
    case 'ExactCapacity':
      return step.adjustment;
    case 'PercentChangeInCapacity':
      return capacity + percentOf(capacity, step.adjustment, policy.minAdjustmentMagnitude);
    default:
      return capacity + step.adjustment;
  }
}

/**
 * The capacity that the cooldown of the last scaling permits.
 *
 * Out: capacity added in the cooldown counts as part of the capacity to add now. In: none until it has ended.
 */
export function afterCooldown(
  policy: StepPolicy,
  wanted: number,
  capacity: number,
  now: number,
  last: LastScaling | undefined,
): number {
  if (!last || now >= last.at + policy.cooldownSeconds * 1000) {
    return wanted;
  }
  if (wanted < capacity) {
    return capacity;
  }
  const added = last.to - last.from;
  return added > 0 && policy.adjustmentType !== 'ExactCapacity' ? Math.max(capacity, wanted - added) : wanted;
}

/** Rounding of Application Auto Scaling: towards zero, but not to zero. */
function percentOf(capacity: number, percent: number, minMagnitude: number): number {
  const exact = (capacity * percent) / 100;
  const rounded = Math.abs(exact) > 1 ? Math.trunc(exact) : Math.sign(exact);
  return Math.sign(percent) * Math.max(Math.abs(rounded), minMagnitude);
}
