import { CliError, ExitCode } from '../support/errors';
import { fitsParts } from '../support/pattern';
import type { ListedObject } from './listing';

type Condition = string | number | null | Readonly<Record<string, unknown>>;

/**
 * Whether the event of an object matches the event pattern of a rule.
 *
 * The same is asked of EventBridge for one object by `TestEventPattern`, but not for a million. Conditions on other
 * fields, such as the reason, are not in a listing and count as met.
 *
 * @throws CliError for a condition that routes do not have
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function accepts(rule: string, pattern: string): (object: ListedObject) => boolean {
  const { detail: { object: conditions = {} } = {} } = JSON.parse(pattern) as {
    readonly detail?: { readonly object?: { readonly key?: Condition[]; readonly size?: Condition[] } };
  };
  const { key = [], size = [] } = conditions;
  const meets = (value: string | number, any: readonly Condition[]) =>
    any.length === 0 || any.some((condition) => meetsOne(rule, value, condition));
  // An unknown condition is an error before anything is listed
  key.forEach((condition) => meetsOne(rule, '', condition));
  size.forEach((condition) => meetsOne(rule, 0, condition));
  return (object) => meets(object.key, key) && meets(object.size, size);
}

function meetsOne(rule: string, value: string | number, condition: Condition): boolean {
  if (typeof condition !== 'object' || condition === null) {
    return value === condition;
  }
  const [[operator, operand] = ['', undefined]] = Object.entries(condition);
  const text = String(value);
  switch (operator) {
    case 'prefix':
    case 'suffix': {
      const ignoring = ignoringCase(operand);
      const [given, wanted] = ignoring === undefined ? [text, String(operand)] : [text.toLowerCase(), ignoring];
      return operator === 'prefix' ? given.startsWith(wanted) : given.endsWith(wanted);
    }
    case 'equals-ignore-case':
      return text.toLowerCase() === String(operand).toLowerCase();
    case 'wildcard':
      return [operand].flat().some((wildcard) => fitsParts(partsOf(String(wildcard)), text));
    case 'anything-but':
      return ![operand].flat().some((one) => meetsOne(rule, value, one as Condition));
    case 'numeric':
      return comparisonsOf(operand).every(([sign, limit]) => compare(Number(value), sign, limit));
    default:
      throw new CliError(
        ExitCode.failed,
        `the rule ${rule} must select objects by conditions that reconcile knows, got: ${operator || JSON.stringify(condition)}; name a route that FileIngestBucket has created`,
      );
  }
}

const ignoringCase = (operand: unknown): string | undefined =>
  typeof operand === 'object' && operand !== null && 'equals-ignore-case' in operand
    ? String(operand['equals-ignore-case']).toLowerCase()
    : undefined;

/** The parts of a wildcard between its asterisks; a backslash escapes an asterisk or a backslash. */
const partsOf = (wildcard: string): string[] =>
  wildcard.split(/(?<!(?:^|[^\\])(?:\\\\)*\\)\*/).map((part) => part.replaceAll(/\\([*\\])/g, '$1'));

const comparisonsOf = (operand: unknown): (readonly [string, number])[] => {
  const all = Array.isArray(operand) ? (operand as unknown[]) : [];
  return Array.from({ length: Math.floor(all.length / 2) }, (_, index) => [
    String(all[index * 2]),
    Number(all[index * 2 + 1]),
  ]);
};

function compare(value: number, sign: string, limit: number): boolean {
  switch (sign) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    default:
      return value === limit;
  }
}
