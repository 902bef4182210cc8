import { Aws } from 'aws-cdk-lib';
import { JobEnv } from '../../../contract/job-env';
import { SupervisionDefaults } from '../defaults';
import type { SupervisionOptions } from '../job-supervision';
import type { JobTask } from './job-task';

/** What the branch with the task fails with when all is well, so that the clock beside it ends too. */
const Finished = 'JobFinished';

/** The longest list that Step Functions gives; the oldest comes last. */
const MaxExecutions = 1_000;

/**
 * The supervision of a run in the Amazon States Language.
 *
 * The task runs beside a clock. Step Functions does not say that it stops a task when its state times out, but it does when a branch of a parallel
 * state fails. So whichever branch ends first fails, and the end of the job is caught.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
 */
export function renderSupervision(task: JobTask, { maxDuration, retries, allowOverlap = false }: SupervisionOptions): object {
  const minutes = (maxDuration ?? SupervisionDefaults.maxDuration).toMinutes({ integral: false });
  return {
    QueryLanguage: 'JSONata',
    StartAt: allowOverlap ? 'Supervise' : 'LookForOthers',
    States: {
      ...(!allowOverlap && overlapStates()),
      Supervise: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'RunTask',
            States: {
              RunTask: { ...renderRunTask(task, retries ?? SupervisionDefaults.retries), Next: 'TaskEnded' },
              TaskEnded: { Type: 'Fail', Error: Finished, Cause: 'The task did its work; this ends the clock beside it' },
            },
          },
          {
            StartAt: 'Clock',
            States: {
              Clock: { Type: 'Wait', Seconds: Math.ceil(minutes * 60), Next: 'TookTooLong' },
              TookTooLong: { Type: 'Fail', Error: 'JobTookTooLong', Cause: `The job was not done after ${minutes} minutes` },
            },
          },
        ],
        Catch: [{ ErrorEquals: [Finished], Next: 'Done' }],
        End: true,
      },
      Done: { Type: 'Succeed' },
    },
  };
}

/** Of several runs at a time the oldest goes on. A run that does not find itself in the list is newer than any that is there. */
function overlapStates(): object {
  return {
    LookForOthers: {
      Type: 'Task',
      Resource: `arn:${Aws.PARTITION}:states:::aws-sdk:sfn:listExecutions`,
      Arguments: { StateMachineArn: '{% $states.context.StateMachine.Id %}', StatusFilter: 'RUNNING', MaxResults: MaxExecutions },
      Retry: [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 5, MaxAttempts: 5, BackoffRate: 2, JitterStrategy: 'FULL' }],
      Next: 'IsOldest',
    },
    IsOldest: {
      Type: 'Choice',
      Choices: [{
        Condition: '{% $count($states.input.Executions) = 0 or $states.input.Executions[-1].ExecutionArn = $states.context.Execution.Id %}',
        Next: 'Supervise',
      }],
      Default: 'Skipped',
    },
    Skipped: { Type: 'Succeed', Comment: 'The last run is still at work', Output: { skipped: true } },
  };
}

function renderRunTask({ cluster, taskDefinition, container, capacity, network }: JobTask, retries: number): object {
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
          Environment: [{ Name: JobEnv.input, Value: '{% $string($states.context.Execution.Input) %}' }],
        }],
      },
    },
    ...(retries > 0 && {
      Retry: [{
        // All of them: a task that failed, no capacity, and ECS that is throttled or away.
        ErrorEquals: ['States.ALL'],
        IntervalSeconds: SupervisionDefaults.retryInterval.toSeconds(),
        MaxAttempts: retries,
        BackoffRate: 2,
        JitterStrategy: 'FULL',
      }],
    }),
  };
}
