import { GetMetricDataCommand, paginateListMetrics, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../../src/contract/metric-names';
import type { Queue } from '../queues';
import { inBatches } from '../support/batches';
import type { Clients } from '../support/clients';

/** A dependency for which the jobs of a queue wait. */
export interface UnavailableDependency {
  /** Name of the queue in the stack. */
  readonly queue: string;
  /** Absent if CloudWatch does not list its metric yet, which can take 15 minutes for a new one. */
  readonly dependency?: string;
  readonly seconds: number;
}

/** Workers report the metric each minute; some minutes more for its way through the logs. */
const WINDOW_MS = 5 * 60_000;
const QUERIES_IN_ONE_CALL = 500;

/**
 * Dependencies that workers have reported as unavailable in the last minutes.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
 */
export async function unavailableDependencies(
  clients: Clients,
  queues: readonly Queue[],
): Promise<UnavailableDependency[]> {
  const names = new Map(queues.map(({ name, arn }) => [arn.split(':').at(-1) ?? '', name]));
  const metrics = [
    ...[...names.keys()].map((queueName) => ({ queueName, dependency: undefined as string | undefined })),
    ...(await listed(clients)).filter(({ queueName }) => names.has(queueName)),
  ];
  const found: UnavailableDependency[] = [];
  for (const some of inBatches(metrics, QUERIES_IN_ONE_CALL)) {
    const now = Date.now();
    const { MetricDataResults: results = [] } = await clients.cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(now - WINDOW_MS),
        EndTime: new Date(now),
        ScanBy: 'TimestampDescending',
        MetricDataQueries: some.map(({ queueName, dependency }, index) => queryOf(index, queueName, dependency)),
      }),
    );
    for (const { Id: id = '', Values: values = [] } of results) {
      const [metric, seconds] = [some.at(Number(id.slice(1))), values.at(0)];
      const queue = names.get(metric?.queueName ?? '');
      if (metric !== undefined && queue !== undefined && seconds !== undefined) {
        found.push({ queue, seconds, ...(metric.dependency !== undefined && { dependency: metric.dependency }) });
      }
    }
  }
  // The metric of the queue is that of its dependencies, and of no use beside theirs
  return found.filter(
    ({ queue, dependency }) =>
      dependency !== undefined || !found.some((other) => other.queue === queue && other.dependency !== undefined),
  );
}

/** Queues and dependencies with a metric in the last hours. */
async function listed(clients: Clients): Promise<{ readonly queueName: string; readonly dependency: string }[]> {
  const all = [];
  for await (const { Metrics: metrics = [] } of paginateListMetrics(
    { client: clients.cloudWatch },
    { Namespace: METRIC_NAMESPACE, MetricName: WorkerMetrics.dependencyUnavailableTime, RecentlyActive: 'PT3H' },
  )) {
    for (const { Dimensions: dimensions = [] } of metrics) {
      const valueOf = (wanted: string) => dimensions.find(({ Name: name }) => name === wanted)?.Value;
      const [queueName, dependency] = [valueOf(MetricDimensions.queue), valueOf(MetricDimensions.dependency)];
      if (queueName !== undefined && dependency !== undefined) {
        all.push({ queueName, dependency });
      }
    }
  }
  return all;
}

const queryOf = (index: number, queueName: string, dependency: string | undefined): MetricDataQuery => ({
  Id: `d${index}`,
  MetricStat: {
    Metric: {
      Namespace: METRIC_NAMESPACE,
      MetricName: WorkerMetrics.dependencyUnavailableTime,
      Dimensions: [
        { Name: MetricDimensions.queue, Value: queueName },
        ...(dependency === undefined ? [] : [{ Name: MetricDimensions.dependency, Value: dependency }]),
      ],
    },
    Period: 60,
    Stat: 'Maximum',
  },
});
