import { Stack } from 'aws-cdk-lib';
import { Role, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * A role whose policies are created in the stack of `scope`.
 *
 * A role of another stack would keep its policies there, and they would name our queues: each stack would need the
 * other
 * first. Taken by its ARN, the role gets a policy of its own in our stack instead.
 */
export function ownStackRole(scope: Construct, id: string, role: IRole | undefined): IRole | undefined {
  return role instanceof Role && Stack.of(role) !== Stack.of(scope) ? Role.fromRoleArn(scope, id, role.roleArn) : role;
}
