// What a deployment creates, and what it costs by the hour, from its templates.

interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}
interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * US dollars in us-east-1; other Regions differ by up to a half.
 *
 * AWS fills in its price pages by scripts, so each number was looked up on a page that quotes it.
 *
 * @see https://www.wring.co/blog/aws-fargate-pricing-guide (vCPU and GB)
 * @see https://cloudburn.io/blog/aws-nat-gateway-pricing (gateway and address)
 * @see https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint (endpoints)
 * @see https://aws.amazon.com/cloudwatch/pricing/ (alarms are counted by their metrics)
 * @see https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm (both kinds of alarms)
 * @see https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards.md (dashboards)
 * @see https://cloudburn.io/blog/aws-kms-pricing (keys)
 * @see https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms (secrets)
 * @see https://c3x.dev/resources/aws/aws_codebuild_project/ (a minute of a small build)
 * @see https://infratally.com/articles/aws-rds-pricing-explained-2026.html (instances; two zones are twice one)
 * @see https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/ (storage)
 */
export const PRICES = {
  asOf: '2026-11-30',
  vCpuHour: 0.04048,
  gbHour: 0.004445,
  publicAddressHour: 0.005,
  /** By the hour, also while nothing runs. */
  resourceHour: {
    'AWS::CloudWatch::CompositeAlarm': 0.5 / 730,
    'AWS::CloudWatch::Dashboard': 3 / 730,
    'AWS::EC2::EIP': 0.005,
    'AWS::EC2::NatGateway': 0.045,
    'AWS::KMS::Key': 1 / 730,
    'AWS::SecretsManager::Secret': 0.4 / 730,
    // A build runs all the time
    'AWS::CodeBuild::Project': 60 * 0.005,
  } as Readonly<Partial<Record<string, number>>>,
  /** For each metric of an alarm. */
  alarmMetricHour: 0.1 / 730,
  /** For each subnet; those of gateways are free. */
  endpointHour: 0.01,
  /** In one zone. */
  databaseHour: { 'db.t4g.medium': 0.065 } as Readonly<Partial<Record<string, number>>>,
  /** General purpose, in one zone. */
  databaseGbHour: 0.115 / 730,
  /** 10,000 writes to S3; the messages, events and logs of a run cost less. */
  requests: (10_000 * 0.005) / 1_000,
};

/** A state machine without a map runs a task for each event, and a test sends few at a time. */
const TASKS_WITHOUT_MAP = 4;
/** A dispatcher starts a task for each file, also without a limit; the test has fewer files than that at a time. */
const TASKS_OF_DISPATCHER = 24;

export interface Estimate {
  /** How many resources of each type, the most frequent first. */
  readonly resources: readonly (readonly [type: string, count: number])[];
  /** At most, while all tasks run. */
  readonly tasks: number;
  readonly dollarsAnHour: number;
  readonly dollars: number;
}

/** At most what a run of so many hours costs, with the maximum number of tasks all the time. */
export function estimate(templates: readonly Template[], hours: number): Estimate {
  const resources = templates.flatMap((template) => Object.values(template.Resources));
  const counts = new Map<string, number>();
  for (const { Type: type } of resources) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const propertiesOf = (type: string) =>
    resources.filter((resource) => resource.Type === type).map(({ Properties: properties = {} }) => properties);
  const scaled = propertiesOf('AWS::ApplicationAutoScaling::ScalableTarget').map(({ MaxCapacity }) =>
    Number(MaxCapacity),
  );
  const mapped = propertiesOf('AWS::StepFunctions::StateMachine').map(concurrencyOf);
  const dispatched = propertiesOf('AWS::Lambda::Function').map((launcher) =>
    'LAUNCHES_PER_SECOND' in variablesOf(launcher) ? TASKS_OF_DISPATCHER : 0,
  );
  const tasks = [...scaled, ...mapped, ...dispatched].reduce((sum, most) => sum + most, 0);
  // The largest task, for all of them
  const taskHour = Math.max(
    0,
    ...propertiesOf('AWS::ECS::TaskDefinition').map(
      ({ Cpu: cpu = 256, Memory: memory = 512 }) =>
        (Number(cpu) / 1_024) * PRICES.vCpuHour + (Number(memory) / 1_024) * PRICES.gbHour + PRICES.publicAddressHour,
    ),
  );
  const standing = resources.reduce((sum, resource) => sum + hourOf(resource), 0);
  const dollarsAnHour = tasks * taskHour + standing;
  return {
    resources: [...counts].sort(([, one], [, other]) => other - one),
    tasks,
    dollarsAnHour,
    dollars: dollarsAnHour * hours + PRICES.requests,
  };
}

/** What a resource costs in an hour, while nothing runs. */
function hourOf({ Type: type, Properties: properties = {} }: Resource): number {
  switch (type) {
    case 'AWS::CloudWatch::Alarm':
      return PRICES.alarmMetricHour * metricsOf(properties);
    case 'AWS::EC2::VPCEndpoint':
      return PRICES.endpointHour * ((properties.SubnetIds as readonly unknown[] | undefined)?.length ?? 0);
    case 'AWS::RDS::DBInstance':
      return databaseHourOf(properties);
    default:
      return PRICES.resourceHour[type] ?? 0;
  }
}

/** Those that an expression of the alarm reads, or its only one. */
function metricsOf({ Metrics: metrics = [] }: { readonly Metrics?: unknown }): number {
  return Math.max(1, (metrics as readonly object[]).filter((metric) => 'MetricStat' in metric).length);
}

function databaseHourOf({ DBInstanceClass, AllocatedStorage, MultiAZ }: Readonly<Record<string, unknown>>): number {
  const kind = String(DBInstanceClass);
  const price = PRICES.databaseHour[kind];
  if (price === undefined) {
    throw new Error(`no price of a database ${kind} is known; add it to PRICES in build-tools/integ/estimate.ts`);
  }
  return (MultiAZ === true ? 2 : 1) * (price + Number(AllocatedStorage) * PRICES.databaseGbHour);
}

/** Maps may run in maps, so their limits multiply. */
function concurrencyOf(machine: object): number {
  const limits = [...JSON.stringify(machine).matchAll(/MaxConcurrency\\*":(\d+)/g)].map(([, limit]) => Number(limit));
  return limits.length === 0 ? TASKS_WITHOUT_MAP : limits.reduce((product, limit) => product * limit, 1);
}

const variablesOf = ({ Environment: environment }: { readonly Environment?: unknown }): object =>
  (environment as { readonly Variables?: object } | undefined)?.Variables ?? {};
