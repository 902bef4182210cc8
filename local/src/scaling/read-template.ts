import type { DeployedStack } from '../deploy/deployer';
import { LocalCloudError } from '../errors';
import { isComparison, type AlarmRule, type MissingData } from './alarm-state';
import { parseExpression } from './metric-math';
import { Resolver } from './resolver';
import { statistic } from './statistics';
import type { StepPolicy } from './step-policy';
import type { TargetTracking } from './target-tracking';

/** A metric, or an expression over others. */
export type MetricSource =
  | { readonly kind: 'metric'; readonly metric: MetricName; readonly stat: string }
  | { readonly kind: 'expression'; readonly evaluate: ReturnType<typeof parseExpression> };

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Partial<Record<string, string>>>;
}

/** A series of data points: its sources, and the id of the one that is evaluated. */
export interface Series {
  readonly sources: ReadonlyMap<string, MetricSource>;
  readonly result: string;
  readonly periodSeconds: number;
}

/** A composite alarm; the emulator evaluates its rule when the state of an alarm in it changes. */
export interface CompositeAlarm {
  readonly stack: DeployedStack;
  readonly logicalId: string;
  readonly name: string;
}

export interface AlarmDefinition extends CompositeAlarm {
  readonly series: Series;
  readonly rule: AlarmRule;
  /** Logical ids of the scaling policies that it triggers. */
  readonly policies: readonly string[];
}

export interface ScalableTarget {
  readonly resourceId: string;
  readonly cluster: string;
  readonly service: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** Scaling that is suspended. Default: none. */
  readonly suspended?: SuspendedScaling;
}

export interface SuspendedScaling {
  readonly scaleIn: boolean;
  readonly scaleOut: boolean;
}

export interface ScalingPolicy {
  readonly logicalId: string;
  readonly name: string;
  readonly target: ScalableTarget;
  readonly step?: StepPolicy;
  readonly tracking?: TargetTracking & { readonly series: Series };
}

export interface ScalingDefinitions {
  readonly targets: readonly ScalableTarget[];
  readonly policies: readonly ScalingPolicy[];
  readonly alarms: readonly AlarmDefinition[];
  readonly compositeAlarms: readonly CompositeAlarm[];
  /** Features of the template that the autoscaler does not support, one sentence each. */
  readonly notes: readonly string[];
}

type Properties = Readonly<Record<string, unknown>>;

const DEFAULT_COOLDOWN_SECONDS = 300;
const MINUTE = 60;

/** Reads the scalable targets, scaling policies and alarms of a deployed stack. */
export function readScaling(stack: DeployedStack, exports: Readonly<Record<string, string>>): ScalingDefinitions {
  const reader = new Reader(stack, new Resolver(stack, exports));
  const targets = new Map(
    reader
      .all('AWS::ApplicationAutoScaling::ScalableTarget')
      .flatMap(([id, properties]) => reader.target(id, properties)),
  );
  const policies = reader
    .all('AWS::ApplicationAutoScaling::ScalingPolicy')
    .flatMap(([id, properties]) => reader.policy(id, properties, targets));
  const alarms = reader.all('AWS::CloudWatch::Alarm').map(([id, properties]) => reader.alarm(id, properties));
  const compositeAlarms = reader
    .all('AWS::CloudWatch::CompositeAlarm')
    .map(([logicalId]) => ({ stack, logicalId, name: stack.resources[logicalId] ?? logicalId }));
  return { targets: [...targets.values()], policies, alarms, compositeAlarms, notes: reader.notes };
}

class Reader {
  readonly notes: string[] = [];

  constructor(
    private readonly stack: DeployedStack,
    private readonly resolver: Resolver,
  ) {}

  all(type: string): [string, Properties][] {
    return Object.entries(this.stack.template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, { Properties: properties = {} }]) => [id, properties]);
  }

  target(id: string, properties: Properties): [string, ScalableTarget][] {
    if (properties['ScalableDimension'] !== 'ecs:service:DesiredCount') {
      this.#note(id, `scales ${String(properties['ScalableDimension'])}, which is not supported here`);
      return [];
    }
    if (properties['ScheduledActions'] !== undefined) {
      this.#note(id, 'has scheduled actions, which do not run here');
    }
    const resourceId = this.resolver.text(properties['ResourceId']);
    const [, cluster = '', service = ''] = resourceId.split('/');
    return [
      [
        id,
        {
          resourceId,
          cluster,
          service,
          minCapacity: this.resolver.number(properties['MinCapacity']),
          maxCapacity: this.resolver.number(properties['MaxCapacity']),
        },
      ],
    ];
  }

  policy(id: string, properties: Properties, targets: ReadonlyMap<string, ScalableTarget>): ScalingPolicy[] {
    const target = targets.get(this.resolver.logicalId(properties['ScalingTargetId']) ?? '');
    if (!target) {
      this.#note(id, 'belongs to a scalable target that is not in this stack');
      return [];
    }
    const common = { logicalId: id, name: this.resolver.text(properties['PolicyName'] ?? id), target };
    const step = properties['StepScalingPolicyConfiguration'] as Properties | undefined;
    const tracking = properties['TargetTrackingScalingPolicyConfiguration'] as Properties | undefined;
    if (step) {
      return [{ ...common, step: this.#step(step) }];
    }
    if (tracking) {
      const series = this.#trackedSeries(id, tracking);
      return series ? [{ ...common, tracking: { ...this.#tracking(tracking), series } }] : [];
    }
    this.#note(id, `is of type ${String(properties['PolicyType'])}, which is not supported here`);
    return [];
  }

  alarm(id: string, properties: Properties): AlarmDefinition {
    const comparison = this.resolver.text(properties['ComparisonOperator']);
    if (!isComparison(comparison)) {
      this.#note(id, `has the operator ${comparison}, which is not supported here; the alarm stays OK`);
    }
    const evaluationPeriods = this.resolver.number(properties['EvaluationPeriods']);
    const actions = (properties['AlarmActions'] ?? []) as readonly unknown[];
    return {
      stack: this.stack,
      logicalId: id,
      name: this.stack.resources[id] ?? id,
      series: this.#alarmSeries(id, properties),
      rule: {
        threshold: this.resolver.number(properties['Threshold'] ?? 0),
        comparison,
        evaluationPeriods,
        datapointsToAlarm: this.resolver.number(properties['DatapointsToAlarm'] ?? evaluationPeriods),
        missingData: (properties['TreatMissingData'] ?? 'missing') as MissingData,
      },
      policies: actions.map((action) => this.resolver.logicalId(action)).filter((action) => action !== undefined),
    };
  }

  #alarmSeries(id: string, properties: Properties): Series {
    const queries = properties['Metrics'] as readonly Properties[] | undefined;
    if (queries) {
      return this.#series(id, queries);
    }
    const stat = this.resolver.text(properties['Statistic'] ?? properties['ExtendedStatistic'] ?? 'Average');
    return this.#single(id, this.#metric(properties), stat, this.resolver.number(properties['Period'] ?? MINUTE));
  }

  #trackedSeries(id: string, configuration: Properties): Series | undefined {
    const custom = configuration['CustomizedMetricSpecification'] as Properties | undefined;
    if (!custom) {
      this.#note(id, 'tracks a predefined metric, which has no data here');
      return undefined;
    }
    const queries = custom['Metrics'] as readonly Properties[] | undefined;
    if (queries) {
      return this.#series(id, queries);
    }
    return this.#single(id, this.#metric(custom), this.resolver.text(custom['Statistic'] ?? 'Average'), MINUTE);
  }

  #single(id: string, metric: MetricName, stat: string, periodSeconds: number): Series {
    return this.#noted(id, { sources: new Map([['m', { kind: 'metric', metric, stat }]]), result: 'm', periodSeconds });
  }

  #series(id: string, queries: readonly Properties[]): Series {
    const sources = new Map<string, MetricSource>();
    let periodSeconds = MINUTE;
    for (const query of queries) {
      const stat = query['MetricStat'] as Properties | undefined;
      if (stat) {
        periodSeconds = Number(stat['Period'] ?? periodSeconds);
        sources.set(String(query['Id']), {
          kind: 'metric',
          metric: this.#metric(stat['Metric'] as Properties),
          stat: String(stat['Stat']),
        });
      } else {
        periodSeconds = Number(query['Period'] ?? periodSeconds);
        sources.set(String(query['Id']), {
          kind: 'expression',
          evaluate: parseExpression(this.resolver.text(query['Expression'])),
        });
      }
    }
    const results = queries.filter((query) => query['ReturnData'] !== false);
    const result = (results.length > 0 ? results : queries).at(-1);
    if (results.length > 1) {
      throw new LocalCloudError(
        'TemplateUnsupported',
        `stack ${this.stack.name}: ${id} returns data of more than one metric; set ReturnData to false on all but one`,
      );
    }
    return this.#noted(id, { sources, result: String(result?.['Id']), periodSeconds });
  }

  #metric(properties: Properties): MetricName {
    const dimensions = (properties['Dimensions'] ?? []) as readonly { Name: unknown; Value: unknown }[];
    return {
      namespace: this.resolver.text(properties['Namespace']),
      name: this.resolver.text(properties['MetricName']),
      dimensions: Object.fromEntries(
        dimensions.map(({ Name: name, Value: value }) => [this.resolver.text(name), this.resolver.text(value)]),
      ),
    };
  }

  #step(configuration: Properties): StepPolicy {
    const steps = (configuration['StepAdjustments'] ?? []) as readonly Properties[];
    return {
      adjustmentType: this.resolver.text(configuration['AdjustmentType']),
      cooldownSeconds: this.resolver.number(configuration['Cooldown'] ?? DEFAULT_COOLDOWN_SECONDS),
      minAdjustmentMagnitude: this.resolver.number(configuration['MinAdjustmentMagnitude'] ?? 0),
      steps: steps.map((step) => ({
        ...(step['MetricIntervalLowerBound'] !== undefined && {
          lower: this.resolver.number(step['MetricIntervalLowerBound']),
        }),
        ...(step['MetricIntervalUpperBound'] !== undefined && {
          upper: this.resolver.number(step['MetricIntervalUpperBound']),
        }),
        adjustment: this.resolver.number(step['ScalingAdjustment']),
      })),
    };
  }

  #tracking(configuration: Properties): TargetTracking {
    return {
      target: this.resolver.number(configuration['TargetValue']),
      scaleInCooldownSeconds: this.resolver.number(configuration['ScaleInCooldown'] ?? DEFAULT_COOLDOWN_SECONDS),
      scaleOutCooldownSeconds: this.resolver.number(configuration['ScaleOutCooldown'] ?? DEFAULT_COOLDOWN_SECONDS),
      disableScaleIn: this.resolver.text(configuration['DisableScaleIn'] ?? false) === 'true',
    };
  }

  #noted(id: string, series: Series): Series {
    if (series.periodSeconds < MINUTE) {
      this.#note(id, `has a period of ${series.periodSeconds} seconds; the periods here have a minute`);
    }
    for (const source of series.sources.values()) {
      if (source.kind === 'metric' && !hasData(source.metric)) {
        this.#note(id, `follows ${source.metric.namespace} ${source.metric.name}, which has no data here`);
      }
      if (source.kind === 'metric' && !statistic(source.stat)) {
        throw new LocalCloudError(
          'TemplateUnsupported',
          `stack ${this.stack.name}: ${id} has the statistic ${source.stat}, which CloudWatch does not know`,
        );
      }
    }
    return series;
  }

  #note(id: string, what: string): void {
    this.notes.push(`${this.stack.name}: ${id} ${what}`);
  }
}

/** The metrics of AWS services that have data here, by namespace; those of other namespaces come from programs. */
const METRICS_OF_SERVICES: Readonly<Partial<Record<string, readonly string[]>>> = {
  'AWS/CodeBuild': ['Builds', 'Duration', 'FailedBuilds', 'SucceededBuilds'],
  'AWS/Events': [
    'FailedInvocations',
    'InvocationAttempts',
    'Invocations',
    'InvocationsFailedToBeSentToDlq',
    'InvocationsSentToDlq',
    'MatchedEvents',
    'TriggeredRules',
  ],
  'AWS/Lambda': ['Duration', 'Errors', 'Invocations', 'Throttles'],
  'AWS/SQS': [
    'ApproximateAgeOfOldestMessage',
    'ApproximateAgeOfOldestMessageInQuietGroups',
    'ApproximateNumberOfMessagesDelayed',
    'ApproximateNumberOfMessagesDelayedInQuietGroups',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesNotVisibleInQuietGroups',
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesVisibleInQuietGroups',
    'ApproximateNumberOfNoisyGroups',
  ],
  'AWS/Scheduler': [
    'InvocationAttemptCount',
    'InvocationDroppedCount',
    'InvocationsFailedToBeSentToDeadLetterCount',
    'InvocationsSentToDeadLetterCount',
    'TargetErrorCount',
  ],
  'AWS/States': [
    'ExecutionsAborted',
    'ExecutionsFailed',
    'ExecutionsStarted',
    'ExecutionsSucceeded',
    'ExecutionsTimedOut',
    'ExecutionTime',
  ],
  'ECS/ContainerInsights': ['DesiredTaskCount', 'PendingTaskCount', 'RunningTaskCount'],
};

function hasData({ namespace, name }: MetricName): boolean {
  const known = METRICS_OF_SERVICES[namespace];
  return known ? known.includes(name) : !namespace.startsWith('AWS/');
}
