import {
  type Dimension,
  GetMetricDataCommand,
  type MetricDataQuery,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../../src/contract/metric-names';
import { TaskRunEnv } from '../../../src/contract/task-run-env';
import type { Pipeline } from '../pipeline';
import type { Queue } from '../queues';
import { eachOf, inBatches } from '../support/batches';
import type { Clients } from '../support/clients';

/** What waits for a dependency: the jobs of a queue, or the tasks that a state machine starts. */
type Waiting = { readonly queue: string } | { readonly task: string };

/** A dependency for which work waits, by the name of its queue or task in the stack. */
export type UnavailableDependency = Waiting & {
  /** Absent if CloudWatch does not list its metric yet, which can take 15 minutes for a new one. */
  readonly dependency?: string;
  readonly seconds: number;
};

interface Source {
  readonly waiting: Waiting;
  /** Of the metric. */
  readonly dimension: Dimension;
}

interface Reported {
  readonly source: Source;
  readonly dependency?: string;
}

/** The metric is reported each minute; some minutes more for its way through the logs. */
const WINDOW_MS = 5 * 60_000;
const QUERIES_IN_ONE_CALL = 500;

/**
 * Dependencies that workers, tasks and their state machines have reported as unavailable in the last minutes.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
 */
export async function unavailableDependencies(
  clients: Clients,
  pipeline: Pipeline,
  queues: readonly Queue[],
): Promise<UnavailableDependency[]> {
  const sources = [...queues.map(ofQueue), ...(await ofTasks(clients, pipeline))];
  if (sources.length === 0) {
    return [];
  }
  const metrics: Reported[] = [...sources.map((source) => ({ source })), ...(await listed(clients, sources))];
  const found: (Reported & { readonly seconds: number })[] = [];
  for (const some of inBatches(metrics, QUERIES_IN_ONE_CALL)) {
    const now = Date.now();
    const { MetricDataResults: results = [] } = await clients.cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(now - WINDOW_MS),
        EndTime: new Date(now),
        ScanBy: 'TimestampDescending',
        MetricDataQueries: some.map((metric, index) => queryOf(index, metric)),
      }),
    );
    for (const { Id: id = '', Values: values = [] } of results) {
      const [metric, seconds] = [some.at(Number(id.slice(1))), values.at(0)];
      if (metric !== undefined && seconds !== undefined) {
        found.push({ ...metric, seconds });
      }
    }
  }
  // The metric without a dependency is that of all, and of no use beside theirs
  return found
    .filter(
      ({ source, dependency }) =>
        dependency !== undefined || !found.some((other) => other.source === source && other.dependency !== undefined),
    )
    .map(({ source, dependency, seconds }) => ({
      ...source.waiting,
      ...(dependency !== undefined && { dependency }),
      seconds,
    }));
}

const ofQueue = ({ name, arn }: Queue): Source => ({
  waiting: { queue: name },
  dimension: { Name: MetricDimensions.queue, Value: arn.split(':').at(-1) ?? '' },
});

/** The state machines of object tasks and scheduled jobs name the metric of their tasks. */
async function ofTasks(clients: Clients, pipeline: Pipeline): Promise<Source[]> {
  const sources = await eachOf(
    pipeline.ofType('AWS::StepFunctions::StateMachine', 'StateMachine'),
    async ({ name: task, physicalId: stateMachineArn }): Promise<Source[]> => {
      const { definition = '{}' } = await clients.stepFunctions.send(
        new DescribeStateMachineCommand({ stateMachineArn }),
      );
      const name = taskNameIn(definition);
      return name === undefined ? [] : [{ waiting: { task }, dimension: { Name: MetricDimensions.task, Value: name } }];
    },
  );
  return sources.flat();
}

function taskNameIn(definition: string): string | undefined {
  let name: string | undefined;
  JSON.parse(definition, (_, value: unknown) => {
    const variable = value as { readonly Name?: unknown; readonly Value?: unknown } | null;
    if (variable?.Name === TaskRunEnv.name && typeof variable.Value === 'string') {
      name = variable.Value;
    }
    return value;
  });
  return name;
}

/** Dependencies with a metric in the last hours. */
async function listed(clients: Clients, sources: readonly Source[]): Promise<Reported[]> {
  const all: Reported[] = [];
  for await (const { Metrics: metrics = [] } of paginateListMetrics(
    { client: clients.cloudWatch },
    { Namespace: METRIC_NAMESPACE, MetricName: WorkerMetrics.dependencyUnavailableTime, RecentlyActive: 'PT3H' },
  )) {
    for (const { Dimensions: dimensions = [] } of metrics) {
      const dependency = dimensions.find(({ Name: name }) => name === MetricDimensions.dependency)?.Value;
      const source = sources.find(({ dimension }) =>
        dimensions.some(({ Name: name, Value: value }) => name === dimension.Name && value === dimension.Value),
      );
      if (source !== undefined && dependency !== undefined) {
        all.push({ source, dependency });
      }
    }
  }
  return all;
}

const queryOf = (index: number, { source, dependency }: Reported): MetricDataQuery => ({
  Id: `d${index}`,
  MetricStat: {
    Metric: {
      Namespace: METRIC_NAMESPACE,
      MetricName: WorkerMetrics.dependencyUnavailableTime,
      Dimensions: [
        source.dimension,
        ...(dependency === undefined ? [] : [{ Name: MetricDimensions.dependency, Value: dependency }]),
      ],
    },
    Period: 60,
    Stat: 'Maximum',
  },
});
