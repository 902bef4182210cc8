import { Stack } from 'aws-cdk-lib';
import { Role, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * A role whose policies are created in the stack of `scope`.
 *
 * The policies of a role in another stack would be created there and reference our queues, which would create a
 * circular stack reference. Imported by its ARN, the role gets a policy in our stack instead.
 */
export function ownStackRole(scope: Construct, id: string, role: IRole | undefined): IRole | undefined {
  return role instanceof Role && Stack.of(role) !== Stack.of(scope) ? Role.fromRoleArn(scope, id, role.roleArn) : role;
}
