import { Aws } from 'aws-cdk-lib';
import { renderRetry } from '../private/retry';
import type { FargateRun } from './fargate-run';

/** The error of the work branch on success, so that the clock branch ends too. */
const FINISHED = 'Finished';

/** Retry settings of Step Functions, each with its reason. */
const RETRY_DEFAULTS = {
  /** Time for a throttled service or a restarting database to recover. */
  retrySeconds: 30,
  /** The first delay after a failed launch. Random up to this, so that a burst spreads. */
  launchSeconds: 5,
  /** The maximum of such delays, which double each time. */
  maxLaunchSeconds: 300,
  /**
   * About half a day of delays, which are on average half of their maximum: longer than Spot capacity is usually
   * unavailable.
   */
  launchRetries: 300,
  /** About ten minutes: policies take effect some time after a deployment changed them. */
  deniedSeconds: 15,
  deniedRetries: 7,
} as const;

/**
 * Errors of Step Functions when ECS started no task: throttled, unavailable, or without capacity, which ECS reports in
 * `failures` of its response.
 */
const NOT_TAKEN_BY_ECS = [
  'ECS.AmazonECSException',
  'AmazonECS.Unknown',
  'ECS.ServerException',
  'ECS.ThrottlingException',
];

/**
 * Failed launches are retried for long, failed work `retries` times. Step Functions counts the attempts of each entry
 * separately, and the first entry that lists an error applies.
 */
export function renderTaskRetry(retries: number, notTaken = NOT_TAKEN_BY_ECS): object[] {
  const { launchSeconds, maxLaunchSeconds, launchRetries, retrySeconds } = RETRY_DEFAULTS;
  const launch = renderRetry(notTaken, launchSeconds, launchRetries, maxLaunchSeconds);
  return [launch, ...(retries === 0 ? [] : [renderRetry(['States.ALL'], retrySeconds, retries)])];
}

/**
 * A denied RunTask is retried for some minutes: policies take effect some time after a deployment changed them.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
function renderDenialRetry(): object {
  const { deniedSeconds, deniedRetries, maxLaunchSeconds } = RETRY_DEFAULTS;
  return renderRetry(['ECS.AccessDeniedException'], deniedSeconds, deniedRetries, maxLaunchSeconds);
}

export interface RunTaskStateOptions {
  /** Environment variables of the container: strings or JSONata expressions. */
  readonly environment: Readonly<Record<string, string>>;
  /** After the retries of a denied call; none of both by default. */
  readonly retry?: readonly object[];
}

/** A state in Amazon States Language that runs the task and waits until it stops. */
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
    ...(retry && { Retry: [renderDenialRetry(), ...retry] }),
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
