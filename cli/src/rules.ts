import { DescribeRuleCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import type { Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';
import { fitsPattern } from './support/pattern';

/** An EventBridge rule with its targets. */
export interface EventRule {
  readonly name: string;
  readonly rule: string;
  readonly arn: string;
  readonly enabled: boolean;
  /** JSON; absent for a scheduled rule. */
  readonly pattern?: string;
  /** Buckets in the event pattern. */
  readonly buckets: readonly string[];
  readonly targets: readonly string[];
}

export async function describeRules(clients: Clients, pipeline: Pipeline): Promise<EventRule[]> {
  return eachOf(pipeline.ofType('AWS::Events::Rule', 'Rule'), async ({ name, physicalId }) => {
    // A rule of a bus other than the default one is called bus|rule
    const rule = physicalId.slice(physicalId.indexOf('|') + 1);
    const of = rule === physicalId ? {} : { EventBusName: physicalId.slice(0, physicalId.indexOf('|')) };
    const [{ Arn: arn = '', State: state, EventPattern: pattern }, { Targets: targets = [] }] = await Promise.all([
      clients.events.send(new DescribeRuleCommand({ Name: rule, ...of })),
      clients.events.send(new ListTargetsByRuleCommand({ Rule: rule, ...of })),
    ]);
    return {
      name,
      rule,
      arn,
      enabled: state !== 'DISABLED',
      buckets: bucketsOf(pattern),
      targets: targets.map(({ Arn: target = '' }) => target),
      ...(pattern !== undefined && pattern !== '' && { pattern }),
    };
  });
}

function bucketsOf(pattern = '{}'): string[] {
  const { detail } = JSON.parse(pattern === '' ? '{}' : pattern) as { detail?: { bucket?: { name?: unknown[] } } };
  return detail?.bucket?.name?.filter((name) => typeof name === 'string') ?? [];
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) {
    return [];
  }
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Whether a queue policy allows this rule to send; conditions other than on its ARN are assumed to be met. */
export function maySend(policy: string | undefined, rule: EventRule): boolean {
  const { Statement: statements = [] } = JSON.parse(policy ?? '{}') as { Statement?: Statement | readonly Statement[] };
  return listOf<Statement>(statements).some(
    ({ Effect: effect, Principal: principal, Action: actions, Condition: conditions = {} }) =>
      effect === 'Allow' &&
      (principal === '*' ||
        listOf(principal?.Service).includes('events.amazonaws.com') ||
        listOf(principal?.AWS).includes('*')) &&
      listOf(actions).some((action) => /^(sqs:(SendMessage|\*)|\*)$/i.test(action)) &&
      Object.values(conditions).every((condition) => {
        const [, sources] = Object.entries(condition).find(([key]) => key.toLowerCase() === 'aws:sourcearn') ?? [];
        return sources === undefined || listOf(sources).some((source) => fitsPattern(source, rule.arn));
      }),
  );
}
