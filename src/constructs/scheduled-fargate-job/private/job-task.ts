import { SecurityGroup, SubnetType, type ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { SpotStrategy } from '../../capacity';
import { resolveFargateTask } from '../../private/fargate-task';
import type { ScheduledFargateJobProps } from '../scheduled-fargate-job-props';

/** The task of a job, and where it runs. */
export interface JobTask {
  readonly cluster: ecs.ICluster;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly capacity: ecs.CapacityProviderStrategy[];
  readonly network: JobNetwork;
}

export interface JobNetwork {
  readonly subnetIds: string[];
  readonly securityGroups: ISecurityGroup[];
  readonly assignPublicIp: boolean;
}

export function resolveJobTask(scope: Construct, props: ScheduledFargateJobProps): JobTask {
  const { cluster } = props;
  const { subnetIds } = cluster.vpc.selectSubnets(props.vpcSubnets ?? { subnetType: SubnetType.PRIVATE_WITH_EGRESS });
  const securityGroups = props.securityGroups ?? [
    new SecurityGroup(scope, 'SecurityGroup', { vpc: cluster.vpc, description: `Tasks of ${scope.node.path}` }),
  ];
  return {
    cluster,
    ...resolveFargateTask(scope, props, { name: 'Job', streamPrefix: 'job' }),
    capacity: (props.capacity ?? SpotStrategy.onDemand()).capacityProviderStrategies,
    network: { subnetIds, securityGroups, assignPublicIp: props.assignPublicIp ?? false },
  };
}

/** Lets `grantee` start the task, in its cluster and with its roles. */
export function grantRunTask({ cluster, taskDefinition }: JobTask, grantee: IGrantable): Grant {
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
