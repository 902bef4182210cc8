import { Stack } from 'aws-cdk-lib';
import type { Project } from 'aws-cdk-lib/aws-codebuild';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../../private/acknowledge';

/**
 * The role of a build, which may write its own log and have a network interface in the subnets. What a project would
 * add, with wildcards, is left out.
 */
export function createBuildRole(
  scope: Construct,
  id: string,
  logGroup: ILogGroup,
  vpc: IVpc,
  vpcSubnets?: SubnetSelection,
): iam.Role {
  const role = new iam.Role(scope, id, { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
  logGroup.grantWrite(role);
  const stack = Stack.of(scope);
  const interfaces = stack.formatArn({ service: 'ec2', resource: 'network-interface', resourceName: '*' });
  const { subnetIds } = vpc.selectSubnets(vpcSubnets);
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['ec2:CreateNetworkInterfacePermission'],
      resources: [interfaces],
      conditions: {
        StringEquals: {
          'ec2:AuthorizedService': 'codebuild.amazonaws.com',
          'ec2:Subnet': subnetIds.map((resourceName) =>
            stack.formatArn({ service: 'ec2', resource: 'subnet', resourceName }),
          ),
        },
      },
    }),
  );
  acknowledgeWildcard(
    role,
    interfaces,
    'The network interface of a build has no name before; the condition names the subnets and CodeBuild',
  );
  return role;
}

/**
 * Attaches the one policy of a project that is needed after all: with the role closed, the CDK makes it and attaches it
 * to nobody.
 */
export function allowNetworkInterfaces(project: Project, role: iam.Role): void {
  const policy = project.node.findChild('PolicyDocument');
  if (!(policy instanceof iam.Policy)) {
    throw new Error('the project of the CDK has no policy for its network interfaces any more');
  }
  policy.attachToRole(role);
  acknowledgeWildcard(
    policy,
    '*',
    'CodeBuild asks for these on every resource when it makes the network interface of a build, which has no name before',
  );
}
