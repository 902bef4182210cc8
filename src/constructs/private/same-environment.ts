import { Arn, ArnFormat, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEnvironmentAware } from 'aws-cdk-lib/interfaces';
import type { IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

type Dimension = 'account' | 'region';

/** Throws if resources are known to be in another account or region than the stack of `scope`. */
export function checkSameEnvironment(
  resources: Readonly<Record<string, IEnvironmentAware | undefined>>,
  reason: string,
  scope: IConstruct,
): void {
  check(resources, ['account', 'region'], reason, scope);
}

/** The environment of a table. The CDK does not read that of an imported table from its ARN. */
export function environmentOf(table: ITable | undefined): IEnvironmentAware | undefined {
  if (table === undefined || Token.isUnresolved(table.tableArn)) {
    return table;
  }
  const { account, region } = Arn.split(table.tableArn, ArnFormat.SLASH_RESOURCE_NAME);
  return { env: { account: account ?? table.env.account, region: region ?? table.env.region } };
}

/** Throws if resources are known to be in another region than the stack of `scope`. */
export function checkSameRegion(
  resources: Readonly<Record<string, IEnvironmentAware | undefined>>,
  reason: string,
  scope: IConstruct,
): void {
  check(resources, ['region'], reason, scope);
}

/** Throws if the events of a bucket cannot reach rules in the stack of `scope`. */
export function checkEventSource(prop: string, bucket: IEnvironmentAware, scope: IConstruct): void {
  checkSameEnvironment({ [prop]: bucket }, 'S3 sends the events of a bucket only to the default bus there', scope);
}

function check(
  resources: Readonly<Record<string, IEnvironmentAware | undefined>>,
  dimensions: readonly Dimension[],
  reason: string,
  scope: IConstruct,
): void {
  const stack = Stack.of(scope);
  for (const [prop, resource] of Object.entries(resources)) {
    for (const dimension of dimensions) {
      const there = resource?.env[dimension] ?? stack[dimension];
      if (Token.compareStrings(there, stack[dimension]) === TokenComparison.DIFFERENT) {
        throw new ValidationError(
          `${prop} cannot be in another ${dimension} than its stack, because ${reason}, got: ${there} and ${stack[dimension]}; use one in ${stack[dimension]}, or create the ` +
            `construct in a stack in ${there}`,
          scope,
        );
      }
    }
  }
}
