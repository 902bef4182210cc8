import { SecurityGroup, SubnetType, type ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { SpotStrategy } from '../../capacity';
import { checkExcluded } from '../../private/checks';
import { createFargateTask } from '../../private/fargate-task';
import { ValidationError } from '../../private/validation-error';
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
    ...resolveDefinition(scope, props),
    capacity: (props.capacity ?? SpotStrategy.onDemand()).capacityProviderStrategies,
    network: { subnetIds, securityGroups, assignPublicIp: props.assignPublicIp ?? false },
  };
}

function resolveDefinition(scope: Construct, props: ScheduledFargateJobProps): Pick<JobTask, 'taskDefinition' | 'container'> {
  const { taskDefinition, image } = props;
  if (taskDefinition === undefined) {
    if (image === undefined) {
      throw new ValidationError('image is missing; give image, or taskDefinition with a container of its own', scope);
    }
    return createFargateTask(scope, { ...props, image, containerName: 'Job', streamPrefix: 'job' });
  }
  const { command, entryPoint, environment, secrets, cpu, memoryLimitMiB, cpuArchitecture, ephemeralStorageGiB } = props;
  const { readonlyRootFilesystem, taskRole, executionRole, stopTimeout, logGroup, logRetention } = props;
  checkExcluded(
    'taskDefinition',
    {
      image, command, entryPoint, environment, secrets, cpu, memoryLimitMiB, cpuArchitecture, ephemeralStorageGiB,
      readonlyRootFilesystem, taskRole, executionRole, stopTimeout, logGroup, logRetention,
    },
    'set them where the task definition is created',
    scope,
  );
  const container = taskDefinition.defaultContainer;
  if (container === undefined) {
    throw new ValidationError('taskDefinition needs an essential container before it is handed over; call addContainer first', scope);
  }
  return { taskDefinition, container };
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
