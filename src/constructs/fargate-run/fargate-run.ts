import { Stack } from 'aws-cdk-lib';
import { Connections, SecurityGroup, type ISecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import type { SpotStrategy } from '../capacity';
import { allowToVolumes, resolveFargateTask, type FargateTaskProps, type OwnContainer } from '../fargate-task';
import { acknowledgeWildcard } from '../private/acknowledge';
import { taskSubnets, warnOfSubnets } from '../private/subnets';

/** A task for one unit of work, and where it runs. */
export interface FargateRun {
  readonly cluster: ecs.ICluster;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly capacity: ecs.CapacityProviderStrategy[];
  readonly network: FargateRunNetwork;
}

export interface FargateRunNetwork {
  readonly subnetIds: string[];
  readonly securityGroups: ISecurityGroup[];
  readonly assignPublicIp: boolean;
}

export interface FargateRunProps extends FargateTaskProps {
  readonly cluster: ecs.ICluster;
  readonly vpcSubnets?: SubnetSelection;
  readonly securityGroups?: ISecurityGroup[];
  readonly assignPublicIp?: boolean;
}

/** Creates the resources that the props do not set. */
export function resolveFargateRun(
  scope: Construct,
  props: FargateRunProps,
  own: OwnContainer,
  capacity: SpotStrategy,
): FargateRun {
  const { cluster } = props;
  const { subnetIds } = cluster.vpc.selectSubnets(taskSubnets(props));
  const securityGroups = props.securityGroups ?? [
    new SecurityGroup(scope, 'SecurityGroup', { vpc: cluster.vpc, description: `Tasks of ${scope.node.path}` }),
  ];
  allowToVolumes(new Connections({ securityGroups }), props);
  warnOfSubnets(scope, props);
  return {
    cluster,
    ...resolveFargateTask(scope, props, own),
    capacity: capacity.capacityProviderStrategies,
    network: { subnetIds, securityGroups, assignPublicIp: props.assignPublicIp ?? false },
  };
}

/** Allows `grantee` to start the task, in its cluster and with its roles. */
export function grantRunTask({ cluster, taskDefinition }: FargateRun, grantee: IGrantable): Grant {
  Grant.addToPrincipal({
    grantee,
    actions: ['iam:PassRole'],
    resourceArns: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
  return Grant.addToPrincipal({
    grantee,
    actions: ['ecs:RunTask'],
    resourceArns: [taskDefinition.taskDefinitionArn],
    conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  });
}

/**
 * Allows `grantee` to start tasks with the tags of their definition and those that ECS manages.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
 */
export function grantTagTasks(cluster: ecs.ICluster, grantee: IGrantable & IConstruct): void {
  const tasks = tasksOf(cluster);
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:TagResource'],
    resourceArns: [tasks],
    conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
  });
  acknowledgeWildcard(grantee, tasks, 'Task ids are unknown at synth; the cluster limits them');
}

/** The ARN of the tasks of a cluster. */
export function tasksOf(cluster: ecs.ICluster): string {
  const { region, account } = cluster.env;
  return Stack.of(cluster).formatArn({
    service: 'ecs',
    region,
    account,
    resource: 'task',
    resourceName: `${cluster.clusterName}/*`,
  });
}
