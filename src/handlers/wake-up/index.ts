import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { backlogOf } from '../../contract/queue-metrics';
import { sqsEndpoint } from '../../contract/sqs-endpoint';
import { WakeUpEnv, WAKE_UP_INTERVAL_SECONDS } from '../../contract/wake-up';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import type { SqsBatchResponse, SqsEvent, SqsRecord } from '../shared/sqs-event';
import { decide, RECENT_SECONDS } from './decide';

const sqs = new SQSClient(sqsEndpoint(process.env));
const cloudWatch = new CloudWatchClient();
const scaling = new ApplicationAutoScalingClient();

/**
 * Keeps a worker service running from an arrival until its scaling policies take over.
 *
 * An unfinished wake-up stays in its FIFO queue and is redelivered a minute later. Until then it blocks the ones behind
 * it, so that there is one check at a time and at most one per minute.
 */
export async function handler({ Records: records }: SqsEvent): Promise<SqsBatchResponse> {
  const open: { itemIdentifier: string }[] = [];
  for (const record of records) {
    // In a FIFO queue, later messages must not overtake one that stays in the queue.
    if (open.length > 0 || (await check(record))) {
      open.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures: open };
}

/** Checks once and sets the minimum task count. Returns whether to check again. */
async function check({ attributes }: SqsRecord): Promise<boolean> {
  const sizing = {
    minTasks: numberVariable(WakeUpEnv.minTasks),
    maxTasks: numberVariable(WakeUpEnv.maxTasks),
    messagesPerTask: numberVariable(WakeUpEnv.messagesPerTask),
  };
  const queueUrls = variable(WakeUpEnv.queueUrls).split(' ');
  const now = Date.now();
  const ageSeconds = (now - Number(attributes.SentTimestamp)) / 1_000;
  const [backlog, reported] = await Promise.all([countJobs(queueUrls), readMetrics(queueUrls, now)]);
  const { floor, again } = decide(
    { ageSeconds, justArrived: ageSeconds < WAKE_UP_INTERVAL_SECONDS, backlog, reported },
    sizing,
  );
  await setFloor(floor);
  log('INFO', 'checked the queues', { ageSeconds, backlog, reported, floor, again });
  return again;
}

async function countJobs(queueUrls: readonly string[]): Promise<number> {
  const counts = await Promise.all(queueUrls.map(countJobsOf));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countJobsOf(queueUrl: string): Promise<number> {
  const { Attributes: attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return (
    Number(attributes['ApproximateNumberOfMessages'] ?? 0) +
    Number(attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0)
  );
}

/** The backlog of the last minutes as seen by the scaling alarms, latest first. */
async function readMetrics(queueUrls: readonly string[], now: number): Promise<number[]> {
  const { MetricDataResults: results = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - RECENT_SECONDS * 1_000),
      EndTime: new Date(now),
      ScanBy: 'TimestampDescending',
      MetricDataQueries: [
        ...queueUrls.flatMap((queueUrl, index) => [
          queueMetric(`visible${index}`, 'ApproximateNumberOfMessagesVisible', queueUrl),
          queueMetric(`inFlight${index}`, 'ApproximateNumberOfMessagesNotVisible', queueUrl),
        ]),
        { Id: 'backlog', Expression: backlogOf(idsOf('visible', queueUrls), idsOf('inFlight', queueUrls)) },
      ],
    }),
  );
  return results.find(({ Id }) => Id === 'backlog')?.Values ?? [];
}

function idsOf(metric: string, queueUrls: readonly string[]): string[] {
  return queueUrls.map((_, index) => `${metric}${index}`);
}

function queueMetric(id: string, name: string, queueUrl: string): MetricDataQuery {
  return {
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: 'AWS/SQS',
        MetricName: name,
        Dimensions: [{ Name: 'QueueName', Value: queueUrl.slice(queueUrl.lastIndexOf('/') + 1) }],
      },
      Period: 60,
      Stat: 'Maximum',
    },
  };
}

/**
 * Application Auto Scaling starts missing tasks at once, and policies do not scale in below the minimum. The maximum is
 * not changed.
 */
async function setFloor(tasks: number): Promise<void> {
  await scaling.send(
    new RegisterScalableTargetCommand({
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      ResourceId: variable(WakeUpEnv.service),
      MinCapacity: tasks,
    }),
  );
}
