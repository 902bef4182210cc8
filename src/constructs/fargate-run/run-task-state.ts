import { Aws } from 'aws-cdk-lib';
import type { FargateRun } from './fargate-run';

/** What the branch with the work fails with when all is well, so that the clock beside it ends too. */
const FINISHED = 'Finished';

/** How often and how long Step Functions waits before it tries again, each with its reason. */
const RETRY_DEFAULTS = {
  /** Time for a service that was throttled or a database that restarts. */
  retrySeconds: 30,
  /** The first wait after the work was not taken. Drawn at random up to this, so that a burst spreads. */
  launchSeconds: 5,
  /** The longest such wait: doubled until here. */
  maxLaunchSeconds: 300,
  /**
   * About half a day of waits that are half as long as they may be on average: longer than a lack of Spot capacity
   * usually lasts.
   */
  launchRetries: 300,
} as const;

/**
 * What Step Functions calls it when ECS took no task: throttled, away, or without capacity, which it tells in
 * `failures` of its answer.
 */
const NOT_TAKEN_BY_ECS = [
  'ECS.AmazonECSException',
  'AmazonECS.Unknown',
  'ECS.ServerException',
  'ECS.ThrottlingException',
];

/**
 * Work that was not taken is tried again for long, work that failed `retries` times. Step Functions counts the attempts
 * of each entry by itself, and the
 * first that names an error takes it.
 */
export function renderTaskRetry(retries: number, notTaken = NOT_TAKEN_BY_ECS): object[] {
  const { launchSeconds, maxLaunchSeconds, launchRetries, retrySeconds } = RETRY_DEFAULTS;
  const launch = {
    ErrorEquals: notTaken,
    IntervalSeconds: launchSeconds,
    MaxDelaySeconds: maxLaunchSeconds,
    MaxAttempts: launchRetries,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  };
  const failure = {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: retrySeconds,
    MaxAttempts: retries,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  };
  return retries === 0 ? [launch] : [launch, failure];
}

export interface RunTaskStateOptions {
  /** Variables of the container: texts or JSONata expressions. */
  readonly environment: Readonly<Record<string, string>>;
  readonly retry: readonly object[];
}

/** A state in the Amazon States Language that runs the task and waits for its end. */
export function renderRunTask(
  { cluster, taskDefinition, container, capacity, network }: FargateRun,
  { environment, retry }: RunTaskStateOptions,
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
export function besideClock(
  runTask: object,
  minutes: number,
  next: { readonly done: string; readonly failed?: object },
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
          Clock: { Type: 'Wait', Seconds: Math.ceil(minutes * 60), Next: 'TookTooLong' },
          TookTooLong: { Type: 'Fail', Error: 'TookTooLong', Cause: `The task was not done after ${minutes} minutes` },
        },
      },
    ],
    Catch: [{ ErrorEquals: [FINISHED], Next: next.done }, ...(next.failed === undefined ? [] : [next.failed])],
    End: true,
  };
}
