import { evaluate, evaluationRange } from 'fileworks-local/lib/scaling/alarm-state.js';
import type { MetricStore } from 'fileworks-local/lib/scaling/metric-store.js';
import type { AlarmDefinition } from 'fileworks-local/lib/scaling/read-template.js';
import { adjust, afterCooldown, type LastScaling } from 'fileworks-local/lib/scaling/step-policy.js';
import { IN_PERIODS, track } from 'fileworks-local/lib/scaling/target-tracking.js';
import type { Scaling } from '../template/read-scaling.ts';

type AlarmState = Parameters<typeof evaluate>[2];

export interface ScalingActivity extends LastScaling {
  /** Logical id of the policy. */
  readonly policy: string;
}

interface Proposal {
  readonly policy: string;
  readonly capacity: number;
}

/**
 * Alarms and Application Auto Scaling for one service, a minute at a time.
 *
 * The decisions of an alarm and a policy are code of the local cloud. This class combines several policies: the
 * largest capacity wins, and target tracking policies scale in only together.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
 */
export class ScalableTarget {
  readonly #scaling: Scaling;
  readonly #alarmStates = new Map<string, AlarmState>();
  readonly #lastByPolicy = new Map<string, LastScaling>();
  #capacity: number;
  #floor = 0;

  constructor(scaling: Scaling) {
    this.#scaling = scaling;
    this.#capacity = scaling.target.minCapacity;
  }

  /** Tasks that the service wants. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Sets a minimum in addition to the template's, until it is 0 again; returns the change of capacity. */
  holdFloor(tasks: number, now: number): ScalingActivity | undefined {
    this.#floor = tasks;
    return this.#change('wake-up', this.#withinLimits(this.#capacity), now);
  }

  /**
   * Evaluates every alarm and policy once.
   *
   * @param minute the latest minute with metrics
   * @param now milliseconds
   * @returns the change of capacity, if any
   */
  evaluate(metrics: MetricStore, minute: number, now: number): ScalingActivity | undefined {
    const proposals = [
      ...this.#scaling.alarms.flatMap((alarm) => this.#step(alarm, metrics, minute, now)),
      ...this.#track(metrics, minute, now),
    ];
    const first = proposals.at(0);
    if (!first) {
      return undefined;
    }
    const { policy, capacity } = proposals.reduce(
      (largest, proposal) => (proposal.capacity > largest.capacity ? proposal : largest),
      first,
    );
    return this.#change(policy, capacity, now);
  }

  #step(alarm: AlarmDefinition, metrics: MetricStore, minute: number, now: number): Proposal[] {
    const points = metrics.points(alarm.series, minute, evaluationRange(alarm.rule));
    const state = evaluate(alarm.rule, points, this.#alarmStates.get(alarm.logicalId) ?? 'INSUFFICIENT_DATA');
    this.#alarmStates.set(alarm.logicalId, state);
    const value = points.findLast((point) => point !== undefined);
    if (state !== 'ALARM' || value === undefined) {
      return [];
    }
    return this.#scaling.policies.flatMap(({ step, logicalId }) => {
      const wanted =
        step && alarm.policies.includes(logicalId)
          ? adjust(step, this.#capacity, value, alarm.rule.threshold)
          : undefined;
      if (!step || wanted === undefined) {
        return [];
      }
      const capacity = this.#withinLimits(
        afterCooldown(step, wanted, this.#capacity, now, this.#lastByPolicy.get(logicalId)),
      );
      // In its scale-in cooldown a policy proposes no capacity, not even the current one.
      return wanted < this.#capacity && capacity >= this.#capacity ? [] : [{ policy: logicalId, capacity }];
    });
  }

  #track(metrics: MetricStore, minute: number, now: number): Proposal[] {
    const proposals: Proposal[] = [];
    let held = false;
    for (const { tracking, logicalId } of this.#scaling.policies) {
      if (!tracking) {
        continue;
      }
      const wanted = track(tracking, this.#capacity, metrics.points(tracking.series, minute, IN_PERIODS));
      held ||= !tracking.disableScaleIn && (wanted ?? this.#capacity) >= this.#capacity;
      const cooldownSeconds =
        (wanted ?? 0) < this.#capacity ? tracking.scaleInCooldownSeconds : tracking.scaleOutCooldownSeconds;
      const last = this.#lastByPolicy.get(logicalId);
      if (wanted === undefined || (last && now < last.at + cooldownSeconds * 1_000)) {
        continue;
      }
      proposals.push({ policy: logicalId, capacity: this.#withinLimits(wanted) });
    }
    return proposals.filter(({ capacity }) => capacity >= this.#capacity || !held);
  }

  #change(policy: string, capacity: number, now: number): ScalingActivity | undefined {
    const from = this.#capacity;
    if (capacity === from) {
      return undefined;
    }
    this.#capacity = capacity;
    const activity = { policy, from, to: capacity, at: now };
    this.#lastByPolicy.set(policy, activity);
    return activity;
  }

  #withinLimits(capacity: number): number {
    const { minCapacity, maxCapacity } = this.#scaling.target;
    return Math.min(Math.max(capacity, minCapacity, this.#floor), maxCapacity);
  }
}
