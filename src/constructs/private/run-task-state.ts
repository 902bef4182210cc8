import { Aws } from 'aws-cdk-lib';
import type { FargateRun } from './fargate-run';

/** What the branch with the work fails with when all is well, so that the clock beside it ends too. */
const Finished = 'Finished';

export interface RunTaskStateOptions {
  /** Variables of the container: texts or JSONata expressions. */
  readonly environment: Readonly<Record<string, string>>;
  readonly retry: readonly object[];
}

/** A state in the Amazon States Language that runs the task and waits for its end. */
export function renderRunTask({ cluster, taskDefinition, container, capacity, network }: FargateRun, { environment, retry }: RunTaskStateOptions): object {
  return {
    Type: 'Task',
    Resource: `arn:${Aws.PARTITION}:states:::ecs:runTask.sync`,
    Arguments: {
      Cluster: cluster.clusterArn,
      TaskDefinition: taskDefinition.taskDefinitionArn,
      CapacityProviderStrategy: capacity.map(({ capacityProvider, base, weight }) => ({ CapacityProvider: capacityProvider, Base: base, Weight: weight })),
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
        ContainerOverrides: [{
          Name: container.containerName,
          Environment: Object.entries(environment).map(([name, value]) => ({ Name: name, Value: value })),
        }],
      },
    },
    ...(retry.length > 0 && { Retry: retry }),
  };
}

/**
 * A task beside a clock: whichever ends first ends the other.
 *
 * Step Functions does not say that it stops a task when its state times out, but it does when a branch of a parallel
 * state fails. So whichever branch ends first fails, and the end of the work is caught.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
 */
export function besideClock(runTask: object, minutes: number, next: { readonly done: string; readonly failed?: object }): object {
  return {
    Type: 'Parallel',
    Branches: [
      {
        StartAt: 'RunTask',
        States: {
          RunTask: { ...runTask, Next: 'TaskEnded' },
          TaskEnded: { Type: 'Fail', Error: Finished, Cause: 'The task did its work; this ends the clock beside it' },
        },
      },
      {
        StartAt: 'Clock',
        States: {
          Clock: { Type: 'Wait', Seconds: Math.ceil(minutes * 60), Next: 'TookTooLong' },
          TookTooLong: { Type: 'Fail', Error: 'TookTooLong', Cause: `The task was not done after ${minutes} minutes` },
        },
      },
    ],
    Catch: [{ ErrorEquals: [Finished], Next: next.done }, ...(next.failed === undefined ? [] : [next.failed])],
    End: true,
  };
}
