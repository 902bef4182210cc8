import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CfnParameter, Duration, Size, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { makeArtifacts } from '../support/artifacts';
import { createTestApp } from '../support/cdk-stacks';
import { numberBuilds, type Value } from '../support/number-builds';

/** What the library computes and passes to implementations of users. */
const COMPUTED = new Set(['IngestDelivery', 'QueueScalingBindOptions', 'QueueScaling.messagesPerTask.concurrency']);

/** Numbers that may be fractions. */
const FRACTIONS = new Set([
  'BacklogPerTaskOptions.messagesPerTask',
  'ChunkedBatchWorkflowProps.abortFailurePercentage',
  'ChunkedBatchWorkflowProps.toleratedFailurePercentage',
  'ExportOrchestratorProps.apiRequestsPerSecond',
]);

interface AssemblyType {
  readonly primitive?: string;
  readonly fqn?: string;
  readonly collection?: { readonly elementtype: AssemblyType };
}
interface Member {
  readonly name: string;
  readonly type: AssemblyType;
  readonly parameters?: Member[];
}
interface Assembly {
  readonly types: Record<string, { name: string; datatype?: boolean; properties?: Member[]; methods?: Member[] }>;
}

type Kind = 'number' | 'numbers' | 'Duration' | 'Size';

/** The kind of number that a prop is; undefined for others. */
function kindOf({ primitive, fqn, collection }: AssemblyType): Kind | undefined {
  if (collection !== undefined) {
    return kindOf(collection.elementtype) && 'numbers';
  }
  return primitive === 'number'
    ? 'number'
    : (/^aws-cdk-lib\.(Duration|Size)$/.exec(fqn ?? '')?.[1] as Kind | undefined);
}

makeArtifacts('constructs');
const assembly = JSON.parse(readFileSync(resolve(__dirname, '..', '..', '.jsii'), 'utf8')) as Assembly;
const numbers = Object.values(assembly.types)
  .flatMap(({ name: owner, datatype = false, properties = [], methods = [] }) => [
    ...(datatype ? properties : []).map((prop) => ({ ...prop, owner, where: `${owner}.${prop.name}` })),
    ...methods.flatMap(({ name, parameters = [] }) =>
      parameters.map((prop) => {
        const where = `${owner}.${name}.${prop.name}`;
        return { ...prop, owner: where, where };
      }),
    ),
  ])
  .flatMap(({ type: given, ...prop }) => {
    const kind = kindOf(given);
    return kind === undefined || COMPUTED.has(prop.owner) ? [] : [{ ...prop, kind }];
  });

/** The value in each unit that it can have. */
function valuesOf(kind: Kind, amount: (stack: Stack) => number): Readonly<Record<string, (stack: Stack) => unknown>> {
  switch (kind) {
    case 'number':
      return { number: amount };
    case 'numbers':
      return { numbers: (stack) => [amount(stack)] };
    case 'Size':
      return { bytes: (stack) => Size.bytes(amount(stack)), MiB: (stack) => Size.mebibytes(amount(stack)) };
    case 'Duration':
      return {
        seconds: (stack) => Duration.seconds(amount(stack)),
        minutes: (stack) => Duration.minutes(amount(stack)),
        hours: (stack) => Duration.hours(amount(stack)),
        days: (stack) => Duration.days(amount(stack)),
      };
  }
}

const token = (stack: Stack) => new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;

/** The template of each construct with the value, or why it was refused. */
function results(owner: string, name: string, value: (stack: Stack) => unknown): (string | Error)[] {
  return [numberBuilds[owner] ?? []].flat().map((build) => {
    const test = createTestApp();
    try {
      build(test, { [name]: value(test.stack) as Value });
    } catch (error) {
      return error as Error;
    }
    return JSON.stringify(Template.fromStack(test.stack).toJSON());
  });
}

const refusalOf = (name: string) => ({ name: 'ValidationError', message: expect.stringMatching(`\\b${name}\\b`) });

describe('every number of a prop or a method', () => {
  test('is built here', () => {
    expect([...new Set(numbers.map(({ owner }) => owner))].sort()).toEqual(Object.keys(numberBuilds).sort());
  });

  test.each(numbers)('$where as a token is refused by its name, or goes unchanged into the template', (prop) => {
    for (const value of Object.values(valuesOf(prop.kind, token))) {
      for (const result of results(prop.owner, prop.name, value)) {
        if (typeof result === 'string') {
          expect(result).toContain('{"Ref":"Number"}');
          // The number with which the CDK stands for a token, and what may be computed from it; or its text
          expect(result).not.toMatch(/\de\+\d{3}|\d{50}|<token>/);
        } else {
          expect(result).toMatchObject(refusalOf(prop.name));
        }
      }
    }
  });

  test.each(numbers)('$where is refused by its name if it is no number, or infinite', (prop) => {
    for (const amount of [NaN, Infinity]) {
      const [value] = Object.values(valuesOf(prop.kind, () => amount));
      for (const result of results(prop.owner, prop.name, value)) {
        expect(result).toMatchObject(refusalOf(prop.name));
      }
    }
  });

  test.each(numbers.filter(({ where }) => !FRACTIONS.has(where)))(
    '$where is refused by its name if it is a fraction',
    (prop) => {
      const [value] = Object.values(valuesOf(prop.kind, () => 80.5));
      for (const result of results(prop.owner, prop.name, value)) {
        expect(result).toMatchObject(refusalOf(prop.name));
      }
    },
  );
});
