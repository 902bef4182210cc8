import { Aws, Duration } from 'aws-cdk-lib';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../contract/metric-names';
import { REPORT_AHEAD_MINUTES, TaskRunEnv } from '../../contract/task-run-env';
import { besideClock } from './run-task-state';
import { attemptSeconds, isWorldFault, outageSeconds, outageSince, outageWait, RUN, run } from './world-faults';

/** Time for a throttled service or a restarting database to recover, which doubles with each attempt. */
const RETRY_SECONDS = 30;

/**
 * The history of an execution has 25,000 events, and a wait needs at most 20: 6 of the task, 5 more beside a clock, 2
 * of the verdict, 5 of the report and 2 of the wait itself.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const MAX_WAITS = 1_200;

/** With waits of ten minutes on average, that many waits are longer. */
export const MAX_DEPENDENCY_WAIT = Duration.days(7);

/** The error of the last attempt, in the input of the state `failed`. */
export const lastError = `${run}.error`;

export interface WaitingRunOptions {
  /** Name in metrics. */
  readonly name: string;
  /** Name of the state that runs the task. */
  readonly work: string;
  /** The state that runs the task, with further variables: strings or JSONata expressions. */
  readonly runTask: (variables: Readonly<Record<string, string>>) => object;
  /** Retries of failed work. */
  readonly retries: number;
  readonly maxDependencyWait: Duration;
  /** Maximum time of all attempts, without the waits for dependencies. */
  readonly maxDuration?: Duration;
  /** The state after a success, declared by the caller. */
  readonly done: string;
  /** The state after a failure, with `lastError` in its input. */
  readonly failed: string;
}

/**
 * States in Amazon States Language that run a task until its work is done or has failed `retries` + 1 times. While ECS
 * or a dependency of the task is unavailable, they wait and use up no attempt.
 *
 * They keep their input, and add what they know of the run.
 */
export function renderWaitingRun(options: WaitingRunOptions): Record<string, object> {
  const { name, work, runTask, retries, maxDependencyWait, maxDuration, done, failed } = options;
  const task = runTask({
    [TaskRunEnv.name]: name,
    [TaskRunEnv.unavailableSeconds]: `{% ${counted('unavailableSeconds', "''", `$string(${run}.unavailableSeconds)`)} %}`,
  });
  const toVerdict = {
    ErrorEquals: ['States.ALL'],
    Output: withRun({
      failures: counted('failures', 0),
      waits: counted('waits', 0),
      seconds: counted('seconds', 0),
      since: counted('since', 0),
      began: '$states.context.State.EnteredTime',
      error: '$states.errorOutput',
    }),
    Next: 'Verdict',
  };
  return {
    [work]:
      maxDuration === undefined
        ? { ...task, Catch: [toVerdict], Next: done }
        : besideClock(
            task,
            maxDuration.toMinutes({ integral: false }),
            { done, failed: toVerdict },
            `{% $max([1, ${maxDuration.toSeconds()} - (${counted('seconds', 0)})]) %}`,
          ),
    Verdict: renderVerdict({ retries, maxDependencyWait, maxDuration, failed }),
    ReportOutage: renderReport(name),
    Wait: { Type: 'Wait', Seconds: `{% ${run}.wait %}`, Next: work },
  };
}

function renderVerdict({
  retries,
  maxDependencyWait,
  maxDuration,
  failed,
}: Pick<WaitingRunOptions, 'retries' | 'maxDependencyWait' | 'maxDuration' | 'failed'>): object {
  const inTime =
    maxDuration === undefined ? '' : ` and ${run}.seconds + ${attemptSeconds} < ${maxDuration.toSeconds()}`;
  return {
    Type: 'Choice',
    Choices: [
      {
        Condition: `{% ${isWorldFault} and ${run}.waits < ${MAX_WAITS} and ${outageSeconds} < ${maxDependencyWait.toSeconds()} %}`,
        Output: withRun({
          failures: `${run}.failures`,
          waits: `${run}.waits + 1`,
          seconds: `${run}.seconds`,
          since: outageSince,
          unavailableSeconds: outageSeconds,
          wait: outageWait,
        }),
        Next: 'ReportOutage',
      },
      {
        Condition: `{% ${isWorldFault} = false and ${run}.failures < ${retries}${inTime} %}`,
        Output: withRun({
          failures: `${run}.failures + 1`,
          waits: `${run}.waits`,
          seconds: `${run}.seconds + ${attemptSeconds}`,
          wait: `$ceil(${RETRY_SECONDS} * $power(2, ${run}.failures) * $random())`,
        }),
        Next: 'Wait',
      },
    ],
    Default: failed,
  };
}

/** A data point for each minute of the coming wait, so that its alarm remains in ALARM for as long. */
function renderReport(name: string): object {
  const minute = '$';
  const dimensions = JSON.stringify([{ Name: MetricDimensions.task, Value: name }]);
  return {
    Type: 'Task',
    Resource: `arn:${Aws.PARTITION}:states:::aws-sdk:cloudwatch:putMetricData`,
    Arguments: {
      Namespace: METRIC_NAMESPACE,
      MetricData: `{% ($outage := ${run}; $now := $toMillis($states.context.State.EnteredTime); [0..$ceil($outage.wait / 60) + ${REPORT_AHEAD_MINUTES}].{"MetricName": "${WorkerMetrics.dependencyUnavailableTime}", "Dimensions": ${dimensions}, "Timestamp": $fromMillis($now + 60000 * ${minute}), "Unit": "Seconds", "Value": $outage.unavailableSeconds + 60 * ${minute}}) %}`,
    },
    Output: '{% $states.input %}',
    // The wait does not depend on its report.
    Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.input %}', Next: 'Wait' }],
    Next: 'Wait',
  };
}

/** From a state that fails without retries, with `lastError` in the input of the next. */
export const toFailed = (next: string): object => ({
  ErrorEquals: ['States.ALL'],
  Output: withRun({ error: '$states.errorOutput' }),
  Next: next,
});

/** The input with other fields of the run, each a JSONata expression. */
function withRun(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).map(([field, value]) => `"${field}": (${value})`);
  return `{% $merge([$states.input, {"${RUN}": {${entries.join(', ')}}}]) %}`;
}

/** What earlier attempts have counted. */
function counted(field: string, first: string | number, value = `${run}.${field}`): string {
  return `$exists(${run}.${field}) ? ${value} : ${first}`;
}
