import type { Construct } from 'constructs';
import { JobEnv } from '../../../contract/job-env';
import { SupervisedJobStates } from '../../../contract/run-states';
import { lastError, renderRunTask, renderWaitingRun, type FargateRun } from '../../fargate-run';
import { lookForOthers } from '../../private/overlap-states';
import { nameOf } from '../../private/paths';
import { SupervisionDefaults } from '../defaults';
import type { SupervisionOptions } from '../job-supervision';

/** The supervision of a run in Amazon States Language. */
export function renderSupervision(
  scope: Construct,
  run: FargateRun,
  { maxDuration, retries, maxDependencyWait, allowOverlap = false }: SupervisionOptions,
): object {
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
      ...renderWaitingRun({
        name: nameOf(scope),
        work: SupervisedJobStates.supervise,
        runTask: (variables) =>
          renderRunTask(run, {
            environment: { [JobEnv.input]: '{% $string($states.context.Execution.Input) %}', ...variables },
          }),
        retries: retries ?? SupervisionDefaults.retries,
        maxDependencyWait: maxDependencyWait ?? SupervisionDefaults.maxDependencyWait,
        maxDuration: maxDuration ?? SupervisionDefaults.maxDuration,
        done: 'Done',
        failed: 'Failed',
      }),
      Done: { Type: 'Succeed' },
      Failed: { Type: 'Fail', Error: `{% ${lastError}.Error %}`, Cause: `{% ${lastError}.Cause %}` },
    },
  };
}
