import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ClientConfigOf } from '../clients';
import type { DeployedStack } from '../deploy/deployer';
import type { ServiceAnswer, ServiceRequest } from '../emulator/emulator';
import { messageOf } from '../errors';
import type {
  AlarmState,
  AlarmTransition,
  AlarmView,
  Environment,
  ScalableTargetView,
  ScalingActivity,
} from '../types';
import { evaluate, evaluationRange } from './alarm-state';
import { answerScalingCall } from './api';
import { MetricStore } from './metric-store';
import {
  isRunningTasks,
  isSampled,
  readScaling,
  SQS_ATTRIBUTES,
  type AlarmDefinition,
  type MetricName,
  type ScalableTarget,
  type ScalingPolicy,
} from './read-template';
import { adjust, afterCooldown, type LastScaling } from './step-policy';
import { IN_PERIODS, track } from './target-tracking';

export interface AutoscalerOptions {
  readonly clientConfig: ClientConfigOf;
  readonly speed: number;
  readonly line: (line: string) => void;
  readonly alarm: (transition: AlarmTransition) => void;
  readonly scaling: (activity: ScalingActivity) => void;
}

interface Alarm {
  readonly definition: AlarmDefinition;
  state: AlarmState;
  readonly transitions: AlarmTransition[];
}

interface Target {
  target: ScalableTarget;
  readonly environment: Environment;
  readonly activities: ScalingActivity[];
}

interface Clients {
  readonly ecs: ECSClient;
  readonly sqs: SQSClient;
  readonly cloudWatch: CloudWatchClient;
}

type QueueAttributes = Partial<Record<string, string>>;

const MINUTE_MS = 60_000;

/**
 * Application Auto Scaling and CloudWatch alarms of the deployed templates, on a clock of its own.
 *
 * Each minute of that clock it samples the queues, evaluates the alarms, and runs the policies of alarms in ALARM.
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #store = new MetricStore();
  readonly #queueUrls = new Map<string, string>();
  readonly #lastByPolicy = new Map<string, LastScaling>();
  readonly #clients = new Map<string, Clients>();
  readonly #startedAt = Date.now();
  #alarms = new Map<string, Alarm>();
  #targets = new Map<string, Target>();
  #policies: readonly { readonly policy: ScalingPolicy; readonly stack: DeployedStack }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #tick: Promise<void> = Promise.resolve();
  #minute = 0;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
  }

  /** Reads the definitions of the deployed stacks; alarms and targets that still exist keep their history. */
  async follow(stacks: readonly DeployedStack[]): Promise<void> {
    const alarms = new Map<string, Alarm>();
    const targets = new Map<string, Target>();
    const policies: { policy: ScalingPolicy; stack: DeployedStack }[] = [];
    for (const stack of stacks) {
      const neighbours = stacks.filter(({ environment }) => sameEnvironment(environment, stack.environment));
      const exports = Object.fromEntries(neighbours.flatMap((neighbour) => Object.entries(neighbour.exports)));
      const definitions = readScaling(stack, exports);
      definitions.notes.forEach(this.#options.line);
      for (const definition of definitions.alarms) {
        const { state = 'INSUFFICIENT_DATA', transitions = [] } = this.#alarms.get(definition.name) ?? {};
        alarms.set(definition.name, { definition, state, transitions });
      }
      for (const target of definitions.targets) {
        targets.set(target.resourceId, {
          target,
          environment: stack.environment,
          activities: this.#targets.get(target.resourceId)?.activities ?? [],
        });
      }
      policies.push(...definitions.policies.map((policy) => ({ policy, stack })));
    }
    this.#alarms = alarms;
    this.#targets = targets;
    this.#policies = policies;
    for (const target of targets.values()) {
      await this.#scale(
        target,
        'registration',
        (capacity) => capacity,
        'the capacity was outside of minimum and maximum',
      );
    }
  }

  start(): void {
    this.#timer = setInterval(() => {
      // A minute that takes longer delays the next one: none is skipped, none overlaps.
      this.#enqueue(() => this.minute());
    }, MINUTE_MS / this.#options.speed);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tick;
    for (const clients of this.#clients.values()) {
      Object.values(clients).forEach((client: { destroy(): void }) => client.destroy());
    }
  }

  alarms(): readonly AlarmView[] {
    return [...this.#alarms.values()].map(({ definition, state, transitions }) => {
      const { name, stack, logicalId } = definition;
      return { name, stack: stack.name, logicalId, state, transitions };
    });
  }

  targets(): readonly ScalableTargetView[] {
    return [...this.#targets.values()].map(({ target, activities }) => {
      const { resourceId, minCapacity, maxCapacity } = target;
      return { resourceId, minCapacity, maxCapacity, activities };
    });
  }

  /** Answers a call of Application Auto Scaling's API. */
  answer(request: ServiceRequest): ServiceAnswer {
    const find = (resourceId: string, environment: Environment) => {
      const target = this.#targets.get(resourceId);
      return sameEnvironment(environment, target?.environment) ? target : undefined;
    };
    return answerScalingCall(request, {
      find: (resourceId, environment) => find(resourceId, environment)?.target,
      all: (environment) =>
        [...this.#targets.values()]
          .filter((target) => sameEnvironment(environment, target.environment))
          .map(({ target }) => target),
      activities: (resourceId, environment) => find(resourceId, environment)?.activities,
      register: (resourceId, change) => {
        const target = this.#targets.get(resourceId);
        if (target) {
          target.target = { ...target.target, ...change };
          // After a minute that may be running, so that no two decisions are made at once.
          this.#enqueue(() =>
            this.#scale(
              target,
              'registration',
              (capacity) => capacity,
              'the capacity was outside of minimum and maximum',
            ),
          );
        }
      },
    });
  }

  /** One minute of the clock. */
  async minute(): Promise<void> {
    this.#minute++;
    await this.#sample();
    for (const alarm of this.#alarms.values()) {
      await this.#evaluate(alarm);
    }
    for (const { policy, stack } of this.#policies) {
      await this.#track(policy, stack);
    }
  }

  #enqueue(work: () => Promise<void>): void {
    this.#tick = this.#tick.then(work).catch((error: unknown) => this.#options.line(`autoscaler: ${messageOf(error)}`));
  }

  get #now(): number {
    return this.#startedAt + this.#minute * MINUTE_MS;
  }

  async #sample(): Promise<void> {
    const wanted = new Map<string, { metric: MetricName; environment: Environment }>();
    const series = [
      ...[...this.#alarms.values()].map(({ definition }) => ({ series: definition.series, stack: definition.stack })),
      ...this.#policies.flatMap(({ policy, stack }) =>
        policy.tracking ? [{ series: policy.tracking.series, stack }] : [],
      ),
    ];
    for (const {
      series: { sources },
      stack: { environment },
    } of series) {
      for (const source of sources.values()) {
        if (source.kind === 'metric' && isSampled(source.metric)) {
          wanted.set(JSON.stringify([source.metric, environment]), { metric: source.metric, environment });
        }
      }
    }
    const requests = new Map<string, Promise<QueueAttributes | undefined>>();
    await Promise.all(
      [...wanted.values()].map(async ({ metric, environment }) => {
        if (isRunningTasks(metric)) {
          this.#store.put(metric, this.#minute, await this.#runningTasks(metric, environment));
          return;
        }
        const name = metric.dimensions['QueueName'] ?? '';
        const key = JSON.stringify([name, environment]);
        const answer = requests.get(key) ?? this.#queueAttributes(name, environment);
        requests.set(key, answer);
        const attributes = await answer;
        const value = attributes?.[SQS_ATTRIBUTES[metric.name] ?? ''];
        if (value !== undefined) {
          this.#store.put(metric, this.#minute, Number(value));
        }
      }),
    );
  }

  async #runningTasks({ dimensions }: MetricName, environment: Environment): Promise<number> {
    const { ClusterName: cluster, ServiceName: service = '' } = dimensions;
    return (
      (
        await this.#clientsOf(environment).ecs.send(new DescribeServicesCommand({ cluster, services: [service] }))
      ).services?.at(0)?.runningCount ?? 0
    );
  }

  /** Undefined when the queue does not exist: then there is no data, as in CloudWatch. */
  async #queueAttributes(name: string, environment: Environment): Promise<QueueAttributes | undefined> {
    const { sqs } = this.#clientsOf(environment);
    const key = JSON.stringify([name, environment]);
    try {
      const url =
        this.#queueUrls.get(key) ?? (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl ?? '';
      this.#queueUrls.set(key, url);
      return (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes;
    } catch (error) {
      if ((error as Error).name.includes('NonExistentQueue') || (error as Error).name === 'QueueDoesNotExist') {
        this.#queueUrls.delete(key);
        return undefined;
      }
      throw error;
    }
  }

  async #evaluate(alarm: Alarm): Promise<void> {
    const {
      definition: { series, rule, name, policies, stack },
    } = alarm;
    if (![...series.sources.values()].some((source) => source.kind === 'metric' && isSampled(source.metric))) {
      await this.#readState(alarm);
      return;
    }
    const points = this.#store.points(series, this.#minute, evaluationRange(rule));
    const state = evaluate(rule, points, alarm.state);
    const value = points.findLast((point) => point !== undefined);
    if (state !== alarm.state) {
      const newest = points
        .slice(-rule.evaluationPeriods)
        .map((point) => point ?? 'missing')
        .join(', ');
      const reason = `threshold ${rule.threshold}, ${rule.comparison}; newest data points: ${newest}`;
      this.#transition(alarm, state, reason);
      // The emulator then runs the alarm's actions: messages to SNS topics.
      const { cloudWatch } = this.#clientsOf(stack.environment);
      await cloudWatch.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason: reason }));
    }
    // An alarm runs its scaling policies each minute while it is in ALARM.
    if (state === 'ALARM' && value !== undefined) {
      for (const { policy, stack: owner } of this.#policies) {
        if (policy.step && owner === stack && policies.includes(policy.logicalId)) {
          await this.#step(policy, value, rule.threshold, name);
        }
      }
    }
  }

  /** An alarm on a metric that only the emulator has, such as one of tasks: it evaluates that in real time. */
  async #readState(alarm: Alarm): Promise<void> {
    const { name, stack } = alarm.definition;
    const { cloudWatch } = this.#clientsOf(stack.environment);
    const found = (await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms?.at(0);
    if (found?.StateValue && found.StateValue !== alarm.state) {
      this.#transition(alarm, found.StateValue, found.StateReason ?? '');
    }
  }

  #transition(alarm: Alarm, state: AlarmState, reason: string): void {
    const transition = { alarm: alarm.definition.name, from: alarm.state, to: state, at: this.#now, reason };
    alarm.state = state;
    alarm.transitions.push(transition);
    this.#options.alarm(transition);
  }

  async #step(policy: ScalingPolicy, value: number, threshold: number, alarm: string): Promise<void> {
    const { step, target } = policy;
    const last = this.#lastByPolicy.get(policy.logicalId);
    await this.#scale(
      this.#targets.get(target.resourceId),
      policy.logicalId,
      (capacity) => {
        const wanted = step && adjust(step, capacity, value, threshold);
        return step && wanted !== undefined ? afterCooldown(step, wanted, capacity, this.#now, last) : capacity;
      },
      `alarm ${alarm}, ${value} against ${threshold}`,
    );
  }

  async #track(policy: ScalingPolicy, stack: DeployedStack): Promise<void> {
    const { tracking, target } = policy;
    if (!tracking || !sameEnvironment(stack.environment, this.#targets.get(target.resourceId)?.environment)) {
      return;
    }
    const points = this.#store.points(tracking.series, this.#minute, IN_PERIODS);
    const last = this.#lastByPolicy.get(policy.logicalId);
    await this.#scale(
      this.#targets.get(target.resourceId),
      policy.logicalId,
      (capacity) => {
        const wanted = track(tracking, capacity, points) ?? capacity;
        const cooldownSeconds = wanted < capacity ? tracking.scaleInCooldownSeconds : tracking.scaleOutCooldownSeconds;
        return last && this.#now < last.at + cooldownSeconds * 1000 ? capacity : wanted;
      },
      `${String(points.at(-1))} against the target ${tracking.target}`,
    );
  }

  async #scale(
    target: Target | undefined,
    policy: string,
    decide: (capacity: number) => number,
    cause: string,
  ): Promise<void> {
    if (!target) {
      return;
    }
    const { cluster, service, minCapacity, maxCapacity, resourceId } = target.target;
    const { ecs } = this.#clientsOf(target.environment);
    const running = (await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }))).services?.at(0);
    const capacity = running?.desiredCount;
    if (capacity === undefined || running?.status !== 'ACTIVE') {
      return;
    }
    const withinLimits = (tasks: number) => Math.min(maxCapacity, Math.max(minCapacity, tasks));
    const wanted = withinLimits(decide(capacity));
    // A suspension applies to the decisions of policies; the limits always apply.
    if (wanted === capacity || isSuspended(target.target, withinLimits(capacity), wanted)) {
      return;
    }
    await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: wanted }));
    const activity = { resourceId, policy, from: capacity, to: wanted, at: this.#now, cause };
    this.#lastByPolicy.set(policy, activity);
    target.activities.push(activity);
    this.#options.scaling(activity);
  }

  #clientsOf(environment: Environment): Clients {
    const key = JSON.stringify(environment);
    const config = this.#options.clientConfig(environment);
    const clients = this.#clients.get(key) ?? {
      ecs: new ECSClient(config),
      sqs: new SQSClient(config),
      cloudWatch: new CloudWatchClient(config),
    };
    this.#clients.set(key, clients);
    return clients;
  }
}

function isSuspended({ suspended }: ScalableTarget, from: number, to: number): boolean {
  return suspended !== undefined && ((to > from && suspended.scaleOut) || (to < from && suspended.scaleIn));
}

function sameEnvironment(one: Environment, other: Environment | undefined): boolean {
  return one.account === other?.account && one.region === other.region;
}
