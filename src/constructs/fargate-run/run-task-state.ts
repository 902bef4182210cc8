import { Aws } from 'aws-cdk-lib';
import type { FargateRun } from './fargate-run';

/** The error of the work branch on success, so that the clock branch ends too. */
const FINISHED = 'Finished';

export interface RunTaskStateOptions {
  /** Environment variables of the container: strings or JSONata expressions. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A state in Amazon States Language that runs the task and waits until it stops. */
export function renderRunTask(
  { cluster, taskDefinition, container, capacity, network }: FargateRun,
  { environment }: RunTaskStateOptions,
): object {
  return {
    Type: 'Task',
    Resource: `arn:${Aws.PARTITION}:states:::ecs:runTask.sync`,
    Arguments: {
      Cluster: cluster.clusterArn,
      TaskDefinition: taskDefinition.taskDefinitionArn,
      CapacityProviderStrategy: capacity.map(({ capacityProvider, base, weight }) => ({
        CapacityProvider: capacityProvider,
        Base: base,
        Weight: weight,
      })),
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: network.subnetIds,
          SecurityGroups: network.securityGroups.map(({ securityGroupId }) => securityGroupId),
          AssignPublicIp: network.assignPublicIp ? 'ENABLED' : 'DISABLED',
        },
      },
      EnableECSManagedTags: true,
      PropagateTags: 'TASK_DEFINITION',
      Overrides: {
        ContainerOverrides: [
          {
            Name: container.containerName,
            Environment: Object.entries(environment).map(([name, value]) => ({ Name: name, Value: value })),
          },
        ],
      },
    },
  };
}

/**
 * A task in parallel with a timer: the first to end ends the other.
 *
 * Step Functions is not documented to stop a task when its state times out, but it stops the task when a branch of a
 * parallel state fails. So the branch that ends first fails, and the success of the work is caught.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
 */
export function besideClock(
  runTask: object,
  minutes: number,
  next: { readonly done: string; readonly failed?: object },
  seconds: number | string = Math.ceil(minutes * 60),
): object {
  return {
    Type: 'Parallel',
    Branches: [
      {
        StartAt: 'RunTask',
        States: {
          RunTask: { ...runTask, Next: 'TaskEnded' },
          TaskEnded: { Type: 'Fail', Error: FINISHED, Cause: 'The task did its work; this ends the clock beside it' },
        },
      },
      {
        StartAt: 'Clock',
        States: {
          Clock: { Type: 'Wait', Seconds: seconds, Next: 'TookTooLong' },
          TookTooLong: { Type: 'Fail', Error: 'TookTooLong', Cause: `The task was not done after ${minutes} minutes` },
        },
      },
    ],
    Catch: [{ ErrorEquals: [FINISHED], Next: next.done }, ...(next.failed === undefined ? [] : [next.failed])],
    End: true,
  };
}
