import { CfnDeletionPolicy, Stack } from 'aws-cdk-lib';
import { CfnTaskDefinition, type FargateTaskDefinition, type ICluster } from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from '../private/acknowledge';

/** A task definition, and the cluster of its tasks. */
export interface RunnableTask {
  readonly cluster: ICluster;
  readonly taskDefinition: FargateTaskDefinition;
}

/**
 * Allows `grantee` to start tasks with their tags and those that ECS manages, and keeps the revisions that a deployment
 * replaces: executions, retries and queued launches that began before it still need them.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
 */
export function grantRunTask({ cluster, taskDefinition }: RunnableTask, grantee: IGrantable): Grant {
  keepRevisions(taskDefinition);
  const revisions = Stack.of(taskDefinition).formatArn({
    service: 'ecs',
    resource: 'task-definition',
    resourceName: `${taskDefinition.family}:*`,
  });
  const tasks = tasksOf(cluster);
  Grant.addToPrincipal({
    grantee,
    actions: ['iam:PassRole'],
    resourceArns: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
  const grant = Grant.addToPrincipal({
    grantee,
    actions: ['ecs:RunTask'],
    resourceArns: [revisions],
    conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  });
  Grant.addToPrincipal({
    grantee,
    actions: ['ecs:TagResource'],
    resourceArns: [tasks],
    conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
  });
  const { grantPrincipal: principal } = grantee;
  if (Construct.isConstruct(principal)) {
    acknowledgeWildcard(principal, revisions, 'A deployment makes new revisions, and old ones finish their work');
    acknowledgeWildcard(principal, tasks, 'Task ids are unknown at synth; the cluster limits them');
  }
  return grant;
}

/** The ARN of the tasks of a cluster. */
export function tasksOf(cluster: ICluster): string {
  const { region, account } = cluster.env;
  return Stack.of(cluster).formatArn({
    service: 'ecs',
    region,
    account,
    resource: 'task',
    resourceName: `${cluster.clusterName}/*`,
  });
}

/** A replaced revision stays active; a policy that the user has set is kept. */
function keepRevisions(taskDefinition: FargateTaskDefinition): void {
  const { defaultChild: resource } = taskDefinition.node;
  if (resource instanceof CfnTaskDefinition) {
    resource.cfnOptions.updateReplacePolicy ??= CfnDeletionPolicy.RETAIN;
    resource.cfnOptions.deletionPolicy ??= CfnDeletionPolicy.DELETE;
  }
}
