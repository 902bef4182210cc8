import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Acknowledges a cdk-nag finding on `scope` or below it, with its reason. */
export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/**
 * Acknowledges a resource with a wildcard in a policy of `scope`, with its reason.
 *
 * cdk-nag identifies such a finding by the ARN in the template, and a reference into another stack looks different
 * before and after the app is prepared. So both forms are acknowledged: now, for checks of the construct tree, and last
 * before the template is rendered.
 */
export function acknowledgeWildcard(scope: IConstruct, arn: string, reason: string): void {
  const state = () => {
    const id = `AwsSolutions-IAM5[Resource::${flatten(Stack.of(scope).resolve(arn))}]`;
    // The metadata that acknowledge() writes, because aws-cdk-lib 2.257 refuses an id with the colons of a pseudo
    // parameter.
    scope.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, { [id]: reason });
  };
  state();
  scope.node.addValidation({
    validate: () => {
      state();
      return [];
    },
  });
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
  readonly 'Fn::ImportValue'?: unknown;
}

/** The name of a resource in cdk-nag: `<LogicalId>` for a reference, `<LogicalId.Attribute>` for an attribute. */
function flatten(value: unknown): string {
  if (typeof value === 'string') {
    return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const intrinsic = value as Intrinsic;
  if (intrinsic['Fn::Join'] !== undefined) {
    const [separator, parts] = intrinsic['Fn::Join'];
    return parts.map(flatten).join(separator);
  }
  if (intrinsic['Fn::GetAtt'] !== undefined) {
    return `<${intrinsic['Fn::GetAtt'].join('.')}>`;
  }
  if (intrinsic['Fn::ImportValue'] !== undefined) {
    return flatten(intrinsic['Fn::ImportValue']);
  }
  return intrinsic.Ref === undefined ? JSON.stringify(value) : `<${intrinsic.Ref}>`;
}
