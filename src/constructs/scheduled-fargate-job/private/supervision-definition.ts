import { Aws } from 'aws-cdk-lib';
import { JobEnv } from '../../../contract/job-env';
import type { FargateRun } from '../../private/fargate-run';
import { besideClock, renderRunTask } from '../../private/run-task-state';
import { SupervisionDefaults } from '../defaults';
import type { SupervisionOptions } from '../job-supervision';

/** The longest list that Step Functions gives; the oldest comes last. */
const MaxExecutions = 1_000;

/** The supervision of a run in the Amazon States Language. */
export function renderSupervision(run: FargateRun, { maxDuration, retries, allowOverlap = false }: SupervisionOptions): object {
  const minutes = (maxDuration ?? SupervisionDefaults.maxDuration).toMinutes({ integral: false });
  const runTask = renderRunTask(run, {
    environment: { [JobEnv.input]: '{% $string($states.context.Execution.Input) %}' },
    retry: renderRetry(retries ?? SupervisionDefaults.retries),
  });
  return {
    QueryLanguage: 'JSONata',
    StartAt: allowOverlap ? 'Supervise' : 'LookForOthers',
    States: {
      ...(!allowOverlap && overlapStates()),
      Supervise: besideClock(runTask, minutes, { done: 'Done' }),
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

/** All errors: a task that failed, no capacity, and ECS that is throttled or away. */
function renderRetry(retries: number): object[] {
  const { retryInterval } = SupervisionDefaults;
  const failure = { ErrorEquals: ['States.ALL'], IntervalSeconds: retryInterval.toSeconds(), MaxAttempts: retries, BackoffRate: 2, JitterStrategy: 'FULL' };
  return retries === 0 ? [] : [failure];
}
