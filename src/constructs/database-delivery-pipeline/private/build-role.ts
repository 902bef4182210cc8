import { Stack } from 'aws-cdk-lib';
import type { Project } from 'aws-cdk-lib/aws-codebuild';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../../private/acknowledge';

/**
 * The role of a build, which may write its own log and use a network interface in the subnets, without the wildcards
 * that a project would add.
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
    'The network interface of a build is unknown at synth; the condition limits it to the subnets and CodeBuild',
  );
  return role;
}

/**
 * Attaches the only necessary policy of a project: with an immutable role, the CDK creates it but does not attach it.
 */
export function allowNetworkInterfaces(project: Project, role: iam.Role): void {
  const policy = project.node.findChild('PolicyDocument');
  if (!(policy instanceof iam.Policy)) {
    throw new Error('this version of aws-cdk-lib has no policy for the network interfaces of a project');
  }
  role.attachInlinePolicy(policy);
  acknowledgeWildcard(
    policy,
    '*',
    'CodeBuild requires these actions on every resource to create the network interface of a build',
  );
}
