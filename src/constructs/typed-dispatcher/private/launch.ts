import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Grant, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DispatchLaunch } from '../../../contract/dispatch-config';
import { checkOnDemandFallback, checkSpotPlatform, SpotStrategy, useFargateCapacity } from '../../capacity';
import { tasksOf } from '../../fargate-run';
import { acknowledge, acknowledgeWildcard } from '../../private/acknowledge';
import { pathOf } from '../../private/paths';
import { taskSubnets, warnOfSubnets } from '../../private/subnets';
import { ValidationError } from '../../private/validation-error';
import type { EcsTaskTargetOptions } from '../dispatch-target';
import { addGate } from './gate';

/** The security groups of the tasks: the user's, or a new one. */
export function taskSecurityGroups(
  scope: Construct,
  { cluster, securityGroups }: EcsTaskTargetOptions,
): readonly ec2.ISecurityGroup[] {
  return (
    securityGroups ?? [
      new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc: cluster.vpc, description: `Tasks of ${pathOf(scope)}` }),
    ]
  );
}

/** The configuration of a target for the launcher. */
export function renderLaunch(
  scope: Construct,
  target: EcsTaskTargetOptions,
  securityGroups: readonly ec2.ISecurityGroup[],
): DispatchLaunch {
  const { cluster, taskDefinition, assignPublicIp = false, capacity = SpotStrategy.onDemand() } = target;
  const container = target.container ?? taskDefinition.defaultContainer;
  if (container === undefined) {
    throw new ValidationError(
      'target needs a container that processes the file; add one to taskDefinition, or set container',
      scope,
    );
  }
  checkOnDemandFallback(scope, target.fallbackToOnDemand, capacity);
  checkSpotPlatform(scope, taskDefinition, capacity);
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

/** Permissions to describe tasks of a cluster and to stop those without heartbeats. */
export function grantTend(cluster: ecs.ICluster, grantee: IRole): void {
  const tasks = tasksOf(cluster);
  Grant.addToPrincipal({ grantee, actions: ['ecs:DescribeTasks', 'ecs:StopTask'], resourceArns: [tasks] });
  acknowledgeWildcard(grantee, tasks, 'Task ids are unknown at synth; the cluster limits them');
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:ListTasks'],
    resourceArns: ['*'],
    conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  });
  acknowledge(
    grantee,
    'AwsSolutions-IAM5[Resource::*]',
    'ecs:ListTasks by startedBy has no narrower resource; the condition limits it to the cluster',
  );
}
