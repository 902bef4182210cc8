import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DispatchLaunch } from '../../../contract/dispatch-config';
import { checkOnDemandFallback, SpotStrategy, useFargateCapacity } from '../../capacity';
import { acknowledge, acknowledgeWildcard } from '../../private/acknowledge';
import { taskSubnets, warnOfSubnets } from '../../private/subnets';
import { ValidationError } from '../../private/validation-error';
import type { EcsTaskTargetOptions } from '../dispatch-target';
import { addGate } from './gate';

/** The security groups of the tasks: those of the user, or a new one. */
export function taskSecurityGroups(
  scope: Construct,
  { cluster, securityGroups }: EcsTaskTargetOptions,
): readonly ec2.ISecurityGroup[] {
  return (
    securityGroups ?? [
      new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc: cluster.vpc, description: `Tasks of ${scope.node.path}` }),
    ]
  );
}

/** What a launcher needs to know of a target. */
export function renderLaunch(
  scope: Construct,
  target: EcsTaskTargetOptions,
  securityGroups: readonly ec2.ISecurityGroup[],
): DispatchLaunch {
  const { cluster, taskDefinition, assignPublicIp = false, capacity = SpotStrategy.onDemand() } = target;
  const container = target.container ?? taskDefinition.defaultContainer;
  if (container === undefined) {
    throw new ValidationError(
      'target needs a container that works on the file; add one to taskDefinition, or name it by container',
      scope,
    );
  }
  checkOnDemandFallback(scope, target.fallbackToOnDemand, capacity);
  const gate = target.completion?.gate;
  if (gate !== undefined) {
    addGate(scope, container, gate);
  }
  useFargateCapacity(cluster, scope);
  warnOfSubnets(scope, target);
  return {
    cluster: cluster.clusterArn,
    taskDefinition: taskDefinition.taskDefinitionArn,
    container: container.containerName,
    subnets: cluster.vpc.selectSubnets(taskSubnets(target)).subnetIds,
    securityGroups: securityGroups.map(({ securityGroupId }) => securityGroupId),
    assignPublicIp,
    capacity: capacity.capacityProviderStrategies.map(({ capacityProvider, base, weight }) => ({
      capacityProvider,
      base,
      weight,
    })),
    ...(gate !== undefined && { gated: true }),
    ...(target.fallbackToOnDemand === true && { fallbackToOnDemand: true }),
  };
}

/** Starts tasks of one target, with its roles. */
export function grantLaunch({ cluster, taskDefinition }: EcsTaskTargetOptions, grantee: IGrantable): void {
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:RunTask'],
    resourceArns: [taskDefinition.taskDefinitionArn],
    conditions: inCluster,
  });
  Grant.addToPrincipal({
    grantee,
    actions: ['iam:PassRole'],
    resourceArns: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
}

/** Asks after tasks of a cluster and stops those that went silent. */
export function grantTend(scope: Construct, cluster: ecs.ICluster, grantee: IRole): void {
  const tasks = Stack.of(scope).formatArn({
    service: 'ecs',
    resource: 'task',
    resourceName: `${cluster.clusterName}/*`,
  });
  Grant.addToPrincipal({ grantee, actions: ['ecs:DescribeTasks', 'ecs:StopTask'], resourceArns: [tasks] });
  acknowledgeWildcard(grantee, tasks, 'The ids of tasks are not known before they run; the cluster bounds them');
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:ListTasks'],
    resourceArns: ['*'],
    conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  });
  acknowledge(
    grantee,
    'AwsSolutions-IAM5[Resource::*]',
    'ecs:ListTasks by startedBy has no narrower resource; the condition bounds it to the cluster',
  );
}
