import { DescribeAlarmsCommand, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import {
  listDispatchers,
  OPEN_STATUSES,
  operate,
  type Dispatcher,
  type FileList,
  type OpenStatus,
  type Pauses,
} from '../dispatchers';
import type { Pipeline } from '../pipeline';
import { describeQueues, type Queue, type Queues } from '../queues';
import { describeRules, type EventRule } from '../rules';
import { eachOf, inBatches } from '../support/batches';
import type { Clients } from '../support/clients';
import { describeServices, type Service } from '../services';
import { unavailableDependencies, type UnavailableDependency } from './dependencies';

/** An event source mapping: a function that receives the messages of a queue. */
export interface Consumer {
  readonly name: string;
  readonly mapping: string;
  readonly source: string;
  readonly enabled: boolean;
}

export interface TypeStatus {
  readonly type: string;
  /** Files by status; counted up to `COUNTED_FILES`. */
  readonly files: Readonly<Record<OpenStatus, number>>;
  /** Age of the oldest queued file since its registration. */
  readonly oldestQueuedSeconds?: number;
}

export interface DispatcherStatus extends Dispatcher {
  readonly byType: readonly TypeStatus[];
  readonly paused: Pauses;
}

/** A CloudWatch alarm in the state ALARM. */
export interface Alarm {
  readonly alarm: string;
  readonly description: string;
  readonly runbook?: string;
}

export interface Status extends Queues {
  readonly stack: string;
  readonly at: string;
  readonly rules: readonly EventRule[];
  readonly dispatchers: readonly DispatcherStatus[];
  readonly consumers: readonly Consumer[];
  readonly services: readonly Service[];
  /** Age of the oldest message by queue name, from CloudWatch. */
  readonly oldestSeconds: Readonly<Record<string, number>>;
  /** Dependencies for which jobs or tasks wait. */
  readonly unavailable: readonly UnavailableDependency[];
  /** Only alarms in the state ALARM. */
  readonly alarms: readonly Alarm[];
}

/** Maximum counted files per type and status; more are shown as this number and a plus. */
export const COUNTED_FILES = 100;

/** Reads the state of a pipeline without receiving messages. */
export async function readStatus(clients: Clients, pipeline: Pipeline): Promise<Status> {
  const [rules, queues, services, consumers, alarms, dispatchers] = await Promise.all([
    describeRules(clients, pipeline),
    describeQueues(clients, pipeline),
    describeServices(clients, pipeline),
    listConsumers(clients, pipeline),
    listAlarms(clients, pipeline),
    listDispatchers(clients, pipeline),
  ]);
  const counted = await eachOf(dispatchers, (one) => countFiles(clients, one));
  const [oldestSeconds, unavailable] = await Promise.all([
    oldestMessages(clients, [...queues.queues, ...queues.deadLetterQueues]),
    unavailableDependencies(clients, pipeline, queues.queues),
  ]);
  return {
    stack: pipeline.stack,
    at: new Date().toISOString(),
    rules,
    dispatchers: counted,
    consumers,
    services,
    ...queues,
    oldestSeconds,
    unavailable,
    alarms,
  };
}

async function countFiles(clients: Clients, dispatcher: Dispatcher): Promise<DispatcherStatus> {
  let paused: Pauses = {};
  const byType: TypeStatus[] = [];
  for (const type of dispatcher.types) {
    const lists = await eachOf(OPEN_STATUSES, async (status) => {
      const list = await operate<FileList>(clients, dispatcher, { action: 'list', type, status, limit: COUNTED_FILES });
      paused = list.paused;
      return [status, list] as const;
    });
    const files = Object.fromEntries(
      lists.map(([status, list]) => [status, list.more ? COUNTED_FILES + 1 : list.files.length]),
    ) as Record<OpenStatus, number>;
    const registered = lists.flatMap(([status, list]) =>
      status === 'queued' ? list.files.map(({ registeredAt }) => registeredAt) : [],
    );
    byType.push({
      type,
      files,
      ...(registered.length > 0 && {
        oldestQueuedSeconds: Math.max(0, (Date.now() - Math.min(...registered)) / 1_000),
      }),
    });
  }
  return { ...dispatcher, byType, paused };
}

async function listConsumers(clients: Clients, pipeline: Pipeline): Promise<Consumer[]> {
  const queues = await eachOf(pipeline.ofType('AWS::Lambda::Function'), async ({ name, physicalId }) => {
    const { EventSourceMappings: mappings = [] } = await clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: physicalId }),
    );
    return mappings.map(({ UUID: mapping = '', State: state = '', EventSourceArn: source = '' }) => ({
      name,
      mapping,
      source,
      enabled: !/^Disabl/.test(state),
    }));
  });
  return queues.flat();
}

async function listAlarms(clients: Clients, pipeline: Pipeline): Promise<Alarm[]> {
  const parts = [
    ...pipeline.ofType('AWS::CloudWatch::Alarm', 'Alarm'),
    ...pipeline.ofType('AWS::CloudWatch::CompositeAlarm', 'Alarm'),
  ];
  const found = await eachOf(inBatches(parts, 100), async (some) => {
    const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } = await clients.cloudWatch.send(
      new DescribeAlarmsCommand({
        AlarmNames: some.map(({ physicalId }) => physicalId),
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        StateValue: 'ALARM',
      }),
    );
    return [...metric, ...composite].map(({ AlarmName: alarm = '', AlarmDescription: text = '' }) => {
      const found = /^(.*?) What to do: (https:\/\/\S+)$/.exec(text);
      const name = some.find(({ physicalId }) => physicalId === alarm)?.name ?? alarm;
      return { alarm: name, description: found?.[1] ?? text, ...(found && { runbook: found[2] }) };
    });
  });
  // Scaling alarms are in ALARM during normal operation
  return found.flat().filter(({ runbook }) => runbook?.endsWith('/worker-scaling.md') !== true);
}

const AGE_WINDOW_MS = 15 * 60_000;
const QUERIES_IN_ONE_CALL = 500;

async function oldestMessages(clients: Clients, queues: readonly Queue[]): Promise<Record<string, number>> {
  const ages: Record<string, number> = {};
  const now = Date.now();
  for (const some of inBatches(queues, QUERIES_IN_ONE_CALL)) {
    const { MetricDataResults: results = [] } = await clients.cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(now - AGE_WINDOW_MS),
        EndTime: new Date(now),
        ScanBy: 'TimestampDescending',
        MetricDataQueries: some.map((queue, index) => ageOf(queue, index)),
      }),
    );
    results.forEach(({ Id: id = '', Values: values = [] }) => {
      const [queue, newest] = [some.at(Number(id.slice(1))), values.at(0)];
      if (queue !== undefined && newest !== undefined) {
        ages[queue.name] = newest;
      }
    });
  }
  return ages;
}

const ageOf = ({ arn }: Queue, index: number): MetricDataQuery => ({
  Id: `q${index}`,
  MetricStat: {
    Metric: {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: arn.split(':').at(-1) }],
    },
    Period: 60,
    Stat: 'Maximum',
  },
});
