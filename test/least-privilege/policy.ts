import type { ApiCall } from 'fileworks-local';

/** A statement of an identity policy, its values as lists. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export type Request = Pick<ApiCall, 'action' | 'resource' | 'context'>;

interface PolicyDocument {
  readonly Statement: RawStatement | readonly RawStatement[];
}
interface RawStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Statement['conditions'];
  readonly [other: string]: unknown;
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** @throws for unsupported elements, instead of evaluating them incorrectly */
export function parsePolicy(document: string): Statement[] {
  const { Statement: statements } = JSON.parse(document) as PolicyDocument;
  return [statements]
    .flat()
    .map(({ Effect: effect, Action: actions, Resource: resources, Condition: conditions, ...others }) => {
      const unknown = Object.keys(others).filter((name) => name !== 'Sid');
      if (actions === undefined || resources === undefined || unknown.length > 0) {
        throw new Error(
          `a statement with ${unknown.join(', ') || 'no Action or no Resource'} is more than this evaluator knows`,
        );
      }
      return { effect, actions: list(actions), resources: list(resources), conditions: conditions ?? {} };
    });
}

/**
 * The decision of IAM by these statements alone: an explicit deny overrides any allow, and the default is deny.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(statements: readonly Statement[], request: Request): boolean {
  const applying = statements.filter((statement) => applies(statement, request));
  return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow');
}

export function applies({ actions, resources, conditions }: Statement, request: Request): boolean {
  return (
    actions.some((action) => matches(action, request.action, true)) &&
    resources.some((resource) => matches(resource, request.resource)) &&
    Object.entries(conditions).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, key, list(values), request)),
    )
  );
}

/** `*` stands for any text, `?` for one character; actions ignore case. */
export function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, ignoreCase ? 'is' : 's').test(text);
}

function holds(operator: string, key: string, values: readonly string[], { context = {} }: Request): boolean {
  if (!Object.hasOwn(context, key)) {
    throw new Error(
      `the condition ${operator} on ${key} cannot be judged, because the local cloud does not record that key`,
    );
  }
  const value = String(context[key]);
  switch (operator) {
    case 'StringEquals':
      return values.includes(value);
    // Both take wildcards:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    case 'ArnEquals':
    case 'ArnLike':
    case 'StringLike':
      return values.some((pattern) => matches(pattern, value));
    default:
      throw new Error(`the condition operator ${operator} is more than this evaluator knows`);
  }
}
