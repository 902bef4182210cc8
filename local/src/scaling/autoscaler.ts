import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import type { ClientConfigOf } from '../clients';
import type { Clock } from '../clock';
import type { DeployedStack } from '../deploy/deployer';
import type { MetricReport, ServiceAnswer, ServiceRequest } from '../emulator/emulator';
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
import { answerExpressions } from './expressions';
import { MetricStore } from './metric-store';
import {
  readScaling,
  type AlarmDefinition,
  type CompositeAlarm,
  type ScalableTarget,
  type ScalingPolicy,
} from './read-template';
import { adjust, afterCooldown, type LastScaling } from './step-policy';
import { IN_PERIODS, track } from './target-tracking';

export interface AutoscalerOptions {
  readonly clientConfig: ClientConfigOf;
  readonly clock: Pick<Clock, 'now' | 'untilNextMinute'>;
  /** What is new about metrics and alarms since the last call, with the queues as they are now as of `minute`. */
  readonly report: (minute: number) => Promise<MetricReport>;
  readonly line: (line: string) => void;
  readonly alarm: (transition: AlarmTransition) => void;
  readonly scaling: (activity: ScalingActivity) => void;
}

interface Alarm<Definition = AlarmDefinition | CompositeAlarm> {
  readonly definition: Definition;
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
  readonly cloudWatch: CloudWatchClient;
}

const MINUTE_MS = 60_000;

/**
 * Application Auto Scaling and CloudWatch alarms of the deployed templates, on the clock of the local cloud.
 *
 * At the end of each minute it fetches the new data of metrics, evaluates the alarms, and runs the policies of alarms
 * in ALARM.
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #stores = new Map<string, MetricStore>();
  readonly #lastByPolicy = new Map<string, LastScaling>();
  readonly #clients = new Map<string, Clients>();
  #alarms = new Map<string, Alarm>();
  #targets = new Map<string, Target>();
  #policies: readonly { readonly policy: ScalingPolicy; readonly stack: DeployedStack }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  /** The last minute that was evaluated, since 1970. */
  #minute: number;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#minute = this.#lastEndedMinute();
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
      for (const definition of [...definitions.alarms, ...definitions.compositeAlarms]) {
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

  /** Begins with the minute of now: alarms do not judge the time in which the app was deployed. */
  start(): void {
    this.#minute = this.#lastEndedMinute();
    this.#awaitMinute();
  }

  /** Evaluates the minutes that have ended, one after the other; resolves when that is done. */
  minutes(): Promise<void> {
    return this.#enqueue(async () => {
      while (this.#minute < this.#lastEndedMinute()) {
        await this.minute();
      }
    });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#work;
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

  /** Answers a call of Application Auto Scaling's API, and evaluates expressions over metrics. */
  answer(request: ServiceRequest): ServiceAnswer {
    if (request.service === 'monitoring') {
      return answerExpressions(request);
    }
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
          void this.#enqueue(() =>
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

  /** The next minute of the clock. */
  async minute(): Promise<void> {
    this.#minute++;
    const { data, alarms } = await this.#options.report(this.#minute);
    for (const { account, region, namespace, name, dimensions, minute, ...datum } of data) {
      this.#storeOf({ account, region }).add({ namespace, name, dimensions }, minute, datum);
    }
    for (const alarm of this.#alarms.values()) {
      this.#follow(alarm, alarms[arnOf(alarm.definition)]);
      if (isEvaluated(alarm)) {
        await this.#evaluate(alarm);
      }
    }
    for (const { policy, stack } of this.#policies) {
      await this.#track(policy, stack);
    }
  }

  #awaitMinute(): void {
    this.#timer = setTimeout(() => {
      this.#awaitMinute();
      void this.minutes();
    }, this.#options.clock.untilNextMinute());
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#options.line(`autoscaler: ${messageOf(error)}`));
    return this.#work;
  }

  #lastEndedMinute(): number {
    return Math.floor(this.#options.clock.now() / MINUTE_MS) - 1;
  }

  /** The end of the minute that is being evaluated. */
  get #now(): number {
    return (this.#minute + 1) * MINUTE_MS;
  }

  #storeOf({ account, region }: Environment): MetricStore {
    const key = `${account}/${region}`;
    const store = this.#stores.get(key) ?? new MetricStore();
    this.#stores.set(key, store);
    return store;
  }

  /** A state that a program has set holds until the next evaluation; that of a composite alarm is the emulator's. */
  #follow(alarm: Alarm, found: MetricReport['alarms'][string] | undefined): void {
    if (found && found.state !== alarm.state) {
      this.#transition(alarm, found.state, found.reason);
    }
  }

  async #evaluate(alarm: Alarm<AlarmDefinition>): Promise<void> {
    const {
      definition: { series, rule, name, policies, stack },
    } = alarm;
    const points = this.#storeOf(stack.environment).points(series, this.#minute, evaluationRange(rule));
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
    const points = this.#storeOf(stack.environment).points(tracking.series, this.#minute, IN_PERIODS);
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
      cloudWatch: new CloudWatchClient(config),
    };
    this.#clients.set(key, clients);
    return clients;
  }
}

function isSuspended({ suspended }: ScalableTarget, from: number, to: number): boolean {
  return suspended !== undefined && ((to > from && suspended.scaleOut) || (to < from && suspended.scaleIn));
}

function isEvaluated(alarm: Alarm): alarm is Alarm<AlarmDefinition> {
  return 'series' in alarm.definition;
}

function arnOf({ name, stack: { environment } }: CompositeAlarm): string {
  return `arn:aws:cloudwatch:${environment.region}:${environment.account}:alarm:${name}`;
}

function sameEnvironment(one: Environment, other: Environment | undefined): boolean {
  return one.account === other?.account && one.region === other.region;
}
