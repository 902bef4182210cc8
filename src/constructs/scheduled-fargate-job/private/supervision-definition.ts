import { JobEnv } from '../../../contract/job-env';
import { besideClock, renderRunTask, type FargateRun } from '../../fargate-run';
import { lookForOthers } from '../../private/overlap-states';
import { SupervisionDefaults } from '../defaults';
import type { SupervisionOptions } from '../job-supervision';

/** The supervision of a run in Amazon States Language. */
export function renderSupervision(
  run: FargateRun,
  { maxDuration, retries, allowOverlap = false }: SupervisionOptions,
): object {
  const minutes = (maxDuration ?? SupervisionDefaults.maxDuration).toMinutes({ integral: false });
  const runTask = renderRunTask(run, {
    environment: { [JobEnv.input]: '{% $string($states.context.Execution.Input) %}' },
    retry: renderRetry(retries ?? SupervisionDefaults.retries),
  });
  return {
    QueryLanguage: 'JSONata',
    StartAt: allowOverlap ? 'Supervise' : 'LookForOthers',
    States: {
      ...(!allowOverlap && {
        ...lookForOthers({ alone: 'Supervise', others: 'Skipped' }),
        Skipped: { Type: 'Succeed', Comment: 'The last run is still running', Output: { skipped: true } },
      }),
      Supervise: besideClock(runTask, minutes, { done: 'Done' }),
      Done: { Type: 'Succeed' },
    },
  };
}

/** All errors: a failed task, no capacity, throttled or unavailable ECS. */
function renderRetry(retries: number): object[] {
  const { retryInterval } = SupervisionDefaults;
  const failure = {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: retryInterval.toSeconds(),
    MaxAttempts: retries,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  };
  return retries === 0 ? [] : [failure];
}
