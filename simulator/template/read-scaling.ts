import { parseExpression } from 'fileworks-local/lib/scaling/metric-math.js';
import {
  readScaling as readScalingOfStack,
  type AlarmDefinition,
  type MetricName,
  type ScalableTarget,
  type ScalingPolicy,
  type Series,
} from 'fileworks-local/lib/scaling/read-template.js';
import { SimulatorError } from '../failure.ts';
import { numberOf, references, resourcesOf, type Properties, type Template } from './template.ts';

/** The scaling of one service, in the types of the local cloud's autoscaler, whose code decides. */
export interface Scaling {
  readonly target: ScalableTarget;
  readonly policies: readonly ScalingPolicy[];
  /** The alarms that run those policies. */
  readonly alarms: readonly AlarmDefinition[];
  readonly queue: Queue;
  /** Metrics that are published outside of the template. */
  readonly customMetrics: readonly CustomMetric[];
  /** Features of the template that the simulation does not support. */
  readonly notes: readonly string[];
}

export interface Queue {
  /** Logical id. */
  readonly name: string;
  /** Receives after which a message goes to the dead-letter queue; Infinity without one. */
  readonly maxReceiveCount: number;
}

/** A metric that a Lambda function or a worker publishes each minute, such as the backlog per task. */
export interface CustomMetric {
  readonly name: string;
  /** Metric math over `visible`, `inFlight`, `running` and `desired`. */
  readonly value: ReturnType<typeof parseExpression>;
}

/** The metrics of the simulation, by their CloudWatch names; that of dependencies has no data, since all answer. */
export const SimulatedMetrics = new Map([
  [
    'AWS/SQS',
    [
      'ApproximateNumberOfMessagesVisible',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateAgeOfOldestMessage',
      'NumberOfMessagesSent',
      'NumberOfMessagesReceived',
      'NumberOfMessagesDeleted',
    ],
  ],
  ['AWS/ECS', ['CPUUtilization']],
  ['ECS/ContainerInsights', ['RunningTaskCount', 'DesiredTaskCount', 'PendingTaskCount']],
  ['Fileworks', ['DependencyUnavailableTime']],
]);

const PREDEFINED_METRICS = new Map([
  ['ECSServiceAverageCPUUtilization', 'CPUUtilization'],
  ['ECSServiceAverageMemoryUtilization', 'MemoryUtilization'],
]);

/**
 * Reads the scalable target, policies and alarms of a service.
 *
 * The name of each resource is its logical id, so that the dimension of a metric names its queue.
 */
export function readScaling(template: Template, service: string, customMetrics: readonly string[] = []): Scaling {
  const resources = Object.fromEntries(Object.keys(template.Resources).map((id) => [id, id]));
  const parameters = Object.fromEntries(
    Object.entries(template.Parameters ?? {}).map(([id, { Default: value }]) => [
      id,
      typeof value === 'string' || typeof value === 'number' ? String(value) : id,
    ]),
  );
  const imports = Object.fromEntries(importedNames(template).map((name) => [name, name]));
  const stack = {
    name: service,
    environment: { account: '000000000000', region: 'us-east-1' },
    template: withPlainMetrics(template),
    parameters,
    resources,
    outputs: {},
    exports: imports,
  };
  const definitions = readScalingOfStack(stack, imports);
  const target = definitions.targets.find((found) => found.service === service);
  if (!target) {
    throw new SimulatorError(`the template has no scalable target for service ${service}`);
  }
  const policies = definitions.policies.filter((policy) => policy.target === target);
  const alarms = definitions.alarms.filter((alarm) =>
    alarm.policies.some((id) => policies.some(({ logicalId }) => logicalId === id)),
  );
  const scaling = {
    target,
    policies,
    alarms,
    queue: readQueue(template, [...alarms, ...policies]),
    customMetrics: customMetrics.map(readCustomMetric),
  };
  return { ...scaling, notes: notesOn(template, service, scaling) };
}

/** Replaces predefined metrics by the CloudWatch metrics that they stand for. */
function withPlainMetrics(template: Template): Template {
  const plain = Object.entries(template.Resources).map(([id, resource]) => {
    const tracking = resource.Properties?.['TargetTrackingScalingPolicyConfiguration'] as Properties | undefined;
    const predefined = (tracking?.['PredefinedMetricSpecification'] as Properties | undefined)?.[
      'PredefinedMetricType'
    ];
    if (typeof predefined !== 'string') {
      return [id, resource];
    }
    const metric = {
      Namespace: 'AWS/ECS',
      MetricName: PREDEFINED_METRICS.get(predefined) ?? predefined,
      Statistic: 'Average',
    };
    const plainTracking = { ...tracking, CustomizedMetricSpecification: metric };
    return [
      id,
      { ...resource, Properties: { ...resource.Properties, TargetTrackingScalingPolicyConfiguration: plainTracking } },
    ];
  });
  return { ...template, Resources: Object.fromEntries(plain) as Template['Resources'] };
}

function importedNames(template: Template): string[] {
  return [...JSON.stringify(template).matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map((match) => match[1]);
}

/** The queue whose metrics scale the service. */
function readQueue(template: Template, users: readonly (AlarmDefinition | ScalingPolicy)[]): Queue {
  const metrics = users.flatMap((user) => metricsOf('series' in user ? user.series : user.tracking?.series));
  const scaledBy = metrics.find(({ namespace }) => namespace === 'AWS/SQS')?.dimensions['QueueName'];
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  // A custom backlog metric names no queue: then it is the queue with a dead-letter queue, or the only one.
  const found =
    queues.find(([id]) => id === scaledBy) ??
    queues.find(([, { RedrivePolicy: redrive }]) => redrive !== undefined) ??
    queues.at(0);
  const [name, properties]: [string | undefined, Properties] = found ?? [scaledBy, {}];
  if (name === undefined) {
    throw new SimulatorError('the template has no queue, and no scaling policy follows one');
  }
  const redrive = properties['RedrivePolicy'] as Properties | undefined;
  return {
    name,
    maxReceiveCount: numberOf(template, redrive?.['maxReceiveCount'], `maxReceiveCount of ${name}`) ?? Infinity,
  };
}

export function metricsOf(series: Series | undefined): MetricName[] {
  return [...(series?.sources.values() ?? [])].flatMap((source) => (source.kind === 'metric' ? [source.metric] : []));
}

function readCustomMetric(text: string): CustomMetric {
  const [name = '', expression = ''] = text.split(/=(.*)/s);
  if (name === '' || expression === '') {
    throw new SimulatorError(
      `--metric ${text} must be NAME=EXPRESSION, for example --metric "BacklogPerTask=visible/MAX([running,1])"`,
    );
  }
  return { name, value: parseExpression(expression) };
}

function notesOn(
  template: Template,
  service: string,
  { policies, alarms, customMetrics, queue }: Omit<Scaling, 'notes'>,
): string[] {
  const notes: string[] = [];
  const custom = new Set(customMetrics.map(({ name }) => name));
  for (const user of [...alarms, ...policies]) {
    for (const { namespace, name, dimensions } of metricsOf('series' in user ? user.series : user.tracking?.series)) {
      const known = custom.has(name) || SimulatedMetrics.get(namespace)?.includes(name);
      if (!known) {
        notes.push(
          `${user.logicalId} follows ${namespace} ${name}, which has no data here; give it with --metric "${name}=EXPRESSION"`,
        );
      }
      const other = dimensions['QueueName'];
      if (namespace === 'AWS/SQS' && other !== undefined && other !== queue.name) {
        notes.push(`${user.logicalId} follows queue ${other}, which stays empty here; jobs go to ${queue.name}`);
      }
    }
  }
  for (const [id, properties] of resourcesOf(template, 'AWS::ApplicationAutoScaling::ScalableTarget')) {
    if (properties['ScheduledActions'] !== undefined && references(properties['ResourceId']).includes(service)) {
      notes.push(`${id} has scheduled actions, which do not run here`);
    }
  }
  return [...new Set(notes)];
}
