import { JobEnv } from '../../../contract/job-env';
import { SupervisedJobStates } from '../../../contract/run-states';
import { besideClock, renderRunTask, type FargateRun } from '../../fargate-run';
import { lookForOthers } from '../../private/overlap-states';
import { renderRetry } from '../../private/retry';
import { SupervisionDefaults } from '../defaults';
import type { SupervisionOptions } from '../job-supervision';

/** The supervision of a run in Amazon States Language. */
export function renderSupervision(
  run: FargateRun,
  { maxDuration, retries, allowOverlap = false }: SupervisionOptions,
): object {
  const minutes = (maxDuration ?? SupervisionDefaults.maxDuration).toMinutes({ integral: false });
  const attempts = retries ?? SupervisionDefaults.retries;
  const runTask = renderRunTask(run, {
    environment: { [JobEnv.input]: '{% $string($states.context.Execution.Input) %}' },
    // All errors: a failed task, no capacity, throttled or unavailable ECS
    retry: attempts === 0 ? [] : [renderRetry(['States.ALL'], SupervisionDefaults.retryInterval.toSeconds(), attempts)],
  });
  return {
    QueryLanguage: 'JSONata',
    StartAt: allowOverlap ? SupervisedJobStates.supervise : 'LookForOthers',
    States: {
      ...(!allowOverlap && {
        ...lookForOthers({ alone: SupervisedJobStates.supervise, others: SupervisedJobStates.skipped }),
        [SupervisedJobStates.skipped]: {
          Type: 'Succeed',
          Comment: 'The last run is still running',
          Output: { skipped: true },
        },
      }),
      [SupervisedJobStates.supervise]: besideClock(runTask, minutes, { done: 'Done' }),
      Done: { Type: 'Succeed' },
    },
  };
}
