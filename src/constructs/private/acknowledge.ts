import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** States why a cdk-nag finding on `scope` or below it is as it should be. */
export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/**
 * States why a policy of `scope` must hold a resource with a wildcard.
 *
 * cdk-nag names such a finding by the ARN as the template shows it, and a reference into another stack looks
 * different before and after the app is prepared. So the reason is given for both forms: now, for checks of the tree
 * alone, and as the last thing before the template is written.
 */
export function acknowledgeWildcard(scope: IConstruct, arn: string, reason: string): void {
  const state = () => {
    const id = `AwsSolutions-IAM5[Resource::${flatten(Stack.of(scope).resolve(arn))}]`;
    // By the metadata that acknowledge() writes, because aws-cdk-lib 2.257 refuses an id with a pseudo parameter's
    // colons.
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

/**
 * The text by which cdk-nag names a resource: `<LogicalId>` for a reference, `<LogicalId.Attribute>` for an attribute.
 */
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
