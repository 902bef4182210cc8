import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { LocalCloud } from '../../src';

/** Creates a role that the principal may assume; resolves with its ARN. */
export async function createRole(cloud: LocalCloud, name: string, principal: object): Promise<string> {
  const iam = new IAMClient(cloud.clientConfig());
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  };
  const { Role: role } = await iam.send(
    new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  iam.destroy();
  return role!.Arn!;
}
