import { Duration } from 'aws-cdk-lib';
import { Metric, Stats, type IAlarm, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { ChunkedBatchWorkflow } from '../../chunked-batch-workflow';
import type { ExportOrchestrator } from '../../export-orchestrator';
import type { FileIngestBucket, IngestRoute } from '../../file-ingest-bucket';
import type { ObjectFargateTask } from '../../object-fargate-task';
import type { QueueScaledFargateWorker } from '../../queue-scaled-fargate-worker';
import type { ScheduledFargateJob } from '../../scheduled-fargate-job';
import type { TaskLifecycleAlerts } from '../../task-lifecycle-alerts';
import type { TypedDispatcher } from '../../typed-dispatcher';
import type { PipelineGraph, PipelineStageConfig } from '../pipeline-stage-config';

const minute = Duration.minutes(1);

export function ingest(inbox: FileIngestBucket, routes: IngestRoute[]): PipelineStageConfig {
  return {
    title: `${inbox.node.id}: files arrive`,
    text: 'Hops 1 and 2. S3 sends events to EventBridge, and the rules of the routes match them. Undelivered events are in a dead-letter queue.',
    graphs: [
      ...byRoute('Files by route', routes, 'TriggeredRules'),
      ...byRoute('Failed deliveries', routes, 'FailedInvocations'),
      { title: 'Undelivered events', left: [inbox.metricUndeliveredEvents({ label: 'In the dead-letter queue' })] },
    ],
    alarms: [inbox.deadLetterAlarm],
  };
}

export function dispatcher(construct: TypedDispatcher): PipelineStageConfig {
  return {
    title: `${construct.node.id}: files become jobs of their type`,
    text: 'Hop 2. Files of a sequential type wait for their turn; a blocked sequence waits for an operator.',
    graphs: [
      { title: 'Age of the oldest queued file, seconds', left: [construct.metricOldestQueuedFileAge()] },
      { title: 'Blocked files', left: [construct.metricBlockedFiles()] },
      {
        title: 'Events',
        left: [visibleIn(construct.queue, 'Visible')],
        right: [visibleIn(construct.deadLetterQueue, 'Refused')],
      },
    ],
    alarms: [
      construct.blockedAlarm,
      construct.queuedAgeAlarm,
      construct.eventAgeAlarm,
      construct.refusedAlarm,
      construct.sweeperAlarm,
      construct.notLaunchingAlarm,
      construct.throttleAlarm,
    ],
  };
}

export function worker(construct: QueueScaledFargateWorker): PipelineStageConfig {
  const further = Object.values(construct.additionalQueues);
  const deadLetterQueues = [construct, ...further].flatMap(({ deadLetterQueue }) => deadLetterQueue ?? []);
  return {
    title: `${construct.node.id}: jobs are queued and processed`,
    text: 'Hops 3 to 7. The task count follows the backlog. Jobs that failed on every attempt are in the dead-letter queue.',
    graphs: [
      {
        title: 'Backlog',
        left: [
          construct.metricBacklog({ label: 'Visible and in flight' }),
          construct.metricMessagesInFlight({ label: 'In flight' }),
        ],
        right: [construct.metricOldestMessageAge({ label: 'Age of the oldest, seconds' })],
      },
      {
        title: 'Jobs',
        left: [
          construct.metricJobsArrived({ label: 'Arrived' }),
          construct.metricJobsSucceeded({ label: 'Succeeded' }),
          construct.metricJobsFailed({ label: 'Failed attempts' }),
        ],
        right: deadLetterQueues.map((queue) =>
          visibleIn(
            queue,
            deadLetterQueues.length === 1 ? 'Dead-letter messages' : `Dead-letter messages: ${queue.node.path}`,
          ),
        ),
      },
      {
        title: 'Duration of a job, milliseconds',
        left: [
          construct.metricJobDuration({ label: 'p50', statistic: Stats.p(50) }),
          construct.metricJobDuration({ label: 'p95' }),
        ],
      },
      {
        title: 'Utilization of the tasks, percent',
        left: [
          construct.metricCpuUtilization({ label: 'CPU' }),
          construct.metricMemoryUtilization({ label: 'Memory' }),
        ],
      },
    ],
    alarms: existing(
      construct.deadLetterAlarm,
      ...further.map(({ deadLetterAlarm }) => deadLetterAlarm),
      construct.oldestMessageAlarm,
      construct.notStartingAlarm,
      construct.saturationAlarm,
      construct.wakeUpAlarm,
    ),
  };
}

export function exporter(construct: ExportOrchestrator): PipelineStageConfig {
  return {
    title: `${construct.node.id}: export jobs`,
    text: 'Messages hold job ids; each file of a job becomes a download task; entries that the metadata selects are stored. While the API is unavailable, no requests are sent.',
    graphs: [
      {
        title: 'Messages and tasks',
        left: [construct.metricMessagesProcessed({ label: 'Messages processed' })],
        right: [construct.metricTasksDispatched({ label: 'Tasks dispatched' })],
      },
      {
        title: 'The API, milliseconds',
        left: [
          construct.metricApiLatency({ label: 'p50', statistic: Stats.p(50) }),
          construct.metricApiLatency({ label: 'p95' }),
        ],
      },
      {
        title: 'Files, milliseconds, p95',
        left: [
          construct.metricDownloadDuration({ label: 'Download' }),
          construct.metricExtractionTime({ label: 'Extraction' }),
        ],
      },
      { title: 'Upload success rate, percent', left: [construct.metricUploadSuccessRate({ label: 'Stored' })] },
    ],
    alarms: existing(construct.deadLetterAlarm),
  };
}

export function objectTask(construct: ObjectFargateTask): PipelineStageConfig {
  return {
    title: `${construct.node.id}: a task for each object`,
    text: 'Hops 3 to 7. A state machine runs the task and retries it after a failure. Objects whose task failed permanently are in the dead-letter queue.',
    graphs: [
      runs(construct.stateMachine),
      {
        title: 'Failed objects',
        left: [construct.metricFailedObjects({ label: 'Failed' })],
        right: [visibleIn(construct.deadLetterQueue, 'Dead-letter messages')],
      },
      { title: 'Duration, milliseconds', left: [construct.metricDuration()] },
    ],
    alarms: [construct.deadLetterAlarm, construct.dependencyUnavailableAlarm],
  };
}

export function batch(construct: ChunkedBatchWorkflow): PipelineStageConfig {
  const { stateMachine, deadLetterQueue } = construct;
  return {
    title: `${construct.node.id}: files in batches`,
    text: 'Hops 3 to 7. A state machine forms batches of all files below a prefix, processes them, and sends an event when the prefix is complete.',
    graphs: [
      runs(stateMachine),
      {
        title: 'Files',
        left: [
          construct.metricFilesProcessed({ label: 'Processed', period: minute }),
          construct.metricFilesFailed({ label: 'Failed', period: minute }),
        ],
      },
      { title: 'Duration of a run, milliseconds', left: [stateMachine.metricTime({ period: minute })] },
      ...(deadLetterQueue === undefined
        ? []
        : [
            { title: 'Runs that could not be started', left: [visibleIn(deadLetterQueue, 'In the dead-letter queue')] },
          ]),
    ],
    alarms: existing(construct.failureAlarm, construct.deadLetterAlarm, construct.missedAlarm, construct.throttleAlarm),
  };
}

export function job(construct: ScheduledFargateJob): PipelineStageConfig {
  const { stateMachine } = construct;
  return {
    title: `${construct.node.id}: scheduled job`,
    text: 'EventBridge Scheduler starts the task. Runs that could not be started are in the dead-letter queue.',
    graphs: [
      ...(stateMachine === undefined
        ? []
        : [
            runs(stateMachine),
            { title: 'Duration, milliseconds', left: [stateMachine.metricTime({ period: minute })] },
          ]),
      {
        title: 'Runs that could not be started',
        left: [visibleIn(construct.deadLetterQueue, 'In the dead-letter queue')],
      },
    ],
    alarms: existing(
      construct.deadLetterAlarm,
      construct.failureAlarm,
      construct.missedAlarm,
      construct.dependencyUnavailableAlarm,
    ),
  };
}

export function alerts(construct: TaskLifecycleAlerts): PipelineStageConfig {
  return {
    title: `${construct.node.id}: failures raise alerts`,
    text: 'Hop 8. Failed tasks raise alerts. Those that are held back follow in a digest.',
    graphs: [
      {
        title: 'Undelivered alerts',
        left: [
          construct.metricUndeliveredEvents({ label: 'In the dead-letter queue' }),
          construct.metricUndelivered({ label: 'Failed attempts' }),
        ],
      },
      { title: 'Alerts held back', left: [construct.metricHeldBack({ label: 'Held back' })] },
    ],
    alarms: [construct.deadLetterAlarm, construct.undeliveredAlarm, construct.stoppedAlarm],
  };
}

function runs(stateMachine: IStateMachine): PipelineGraph {
  const sum = { period: minute, statistic: Stats.SUM };
  return {
    title: 'Runs',
    left: [
      stateMachine.metricStarted({ ...sum, label: 'Started' }),
      stateMachine.metricSucceeded({ ...sum, label: 'Succeeded' }),
      stateMachine.metricFailed({ ...sum, label: 'Failed' }),
      stateMachine.metricTimedOut({ ...sum, label: 'Timed out' }),
    ],
  };
}

function visibleIn(queue: IQueue, label: string): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: minute, statistic: Stats.MAXIMUM, label });
}

/**
 * A metric of each route's rule. S3 notifications have no such metrics; the queue shows them.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
 */
function byRoute(title: string, routes: IngestRoute[], metricName: string): PipelineGraph[] {
  const left = routes.flatMap(({ rule, node: { id: label } }) =>
    rule === undefined
      ? []
      : [
          new Metric({
            namespace: 'AWS/Events',
            metricName,
            dimensionsMap: { RuleName: rule.ruleName },
            statistic: Stats.SUM,
            period: minute,
            label,
          }).attachTo(rule),
        ],
  );
  return left.length === 0 ? [] : [{ title, left }];
}

function existing(...alarms: (IAlarm | undefined)[]): IAlarm[] {
  return alarms.filter((alarm) => alarm !== undefined);
}
