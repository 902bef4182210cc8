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
 * @see https://aws.amazon.com/fargate/pricing/
 * @see https://aws.amazon.com/vpc/pricing/
 * @see https://aws.amazon.com/cloudwatch/pricing/
 * @see https://aws.amazon.com/secrets-manager/pricing/
 * @see https://aws.amazon.com/kms/pricing/
 * @see https://aws.amazon.com/s3/pricing/
 */
export const PRICES = {
  asOf: '2026-11-30',
  vCpuHour: 0.04048,
  gbHour: 0.004445,
  publicAddressHour: 0.005,
  /** By the hour, also while nothing runs. */
  resourceHour: {
    'AWS::CloudWatch::Alarm': 0.1 / 730,
    'AWS::CloudWatch::CompositeAlarm': 0.5 / 730,
    'AWS::CloudWatch::Dashboard': 3 / 730,
    'AWS::EC2::NatGateway': 0.045,
    'AWS::EC2::VPCEndpoint': 0.02,
    'AWS::KMS::Key': 1 / 730,
    'AWS::SecretsManager::Secret': 0.4 / 730,
  } as Readonly<Partial<Record<string, number>>>,
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
  const standing = [...counts].reduce((sum, [type, count]) => sum + count * (PRICES.resourceHour[type] ?? 0), 0);
  const dollarsAnHour = tasks * taskHour + standing;
  return {
    resources: [...counts].sort(([, one], [, other]) => other - one),
    tasks,
    dollarsAnHour,
    dollars: dollarsAnHour * hours + PRICES.requests,
  };
}

/** Maps may run in maps, so their limits multiply. */
function concurrencyOf(machine: object): number {
  const limits = [...JSON.stringify(machine).matchAll(/MaxConcurrency\\*":(\d+)/g)].map(([, limit]) => Number(limit));
  return limits.length === 0 ? TASKS_WITHOUT_MAP : limits.reduce((product, limit) => product * limit, 1);
}

const variablesOf = ({ Environment: environment }: { readonly Environment?: unknown }): object =>
  (environment as { readonly Variables?: object } | undefined)?.Variables ?? {};
