import type { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { CloudWatchLimits, SqsLimits, WorkerLimits } from '../../../contract/service-limits';
import { WorkerEnv } from '../../../contract/worker-env';
import { checkOnDemandFallback, SpotStrategy } from '../../capacity';
import { checkExcluded, checkDuration, checkWholeNumber, orDefault } from '../../private/checks';
import { checkFargateTask } from '../../fargate-task';
import { checkSameEnvironment } from '../../private/same-environment';
import { checkAlarmTime } from '../../private/queue-alarms';
import { ValidationError } from '../../private/validation-error';
import { WorkerDefaults } from '../defaults';
import { checkIngress } from '.';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** Checks that need no constructs. */
export function checkProps(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  checkExclusions(scope, props);
  checkAdditionalQueues(scope, props);
  checkQueueEnvironments(scope, props);
  checkFargateTask(scope, props, {
    excluded: { healthCheck: props.healthCheck },
    // The log level is the only variable of the contract that the user sets.
    reserved: Object.values(WorkerEnv).filter((name) => name !== WorkerEnv.logLevel),
  });
  checkDuration(
    'visibilityTimeout',
    props.visibilityTimeout,
    { min: WorkerLimits.minVisibilityTimeoutSeconds, max: SqsLimits.maxVisibilityTimeoutSeconds },
    scope,
  );
  checkWholeNumber('concurrency', props.concurrency, { min: 1 }, scope);
  if (props.ingress !== undefined) {
    checkIngress(scope, props.ingress);
  }
  checkOnDemandFallback(scope, props.fallbackToOnDemand, props.capacity ?? SpotStrategy.spotOnly());
  checkAlarmTime('alarmOldestMessageAge', props.alarmOldestMessageAge, { min: 60 }, scope);
  checkAlarmTime('alarmNotStartingFor', props.alarmNotStartingFor, { min: 60, max: 86_400 }, scope);
  checkDuration('alarmSaturatedFor', props.alarmSaturatedFor, { min: 60, max: 86_400 }, scope);
  checkTaskCounts(scope, props);
}

/**
 * A job must finish within the time that its message can be hidden.
 *
 * @param lease visibility timeout of the queue as it was created
 */
export function checkProcessingTime(scope: Construct, props: QueueScaledFargateWorkerProps, lease: Duration): void {
  const longest = props.maxProcessingTime;
  checkDuration('maxProcessingTime', longest, { min: 1 }, scope);
  if (longest === undefined || lease.isUnresolved()) {
    return;
  }
  if (longest.toSeconds() > SqsLimits.maxVisibilityTimeoutSeconds) {
    throw new ValidationError(
      `maxProcessingTime cannot be longer than 12 hours, the maximum visibility timeout of SQS, got: ${longest.toHumanString()}; split the job`,
      scope,
    );
  }
  if (!(props.heartbeat ?? true) && longest.toSeconds() > lease.toSeconds()) {
    throw new ValidationError(
      `maxProcessingTime cannot be longer than visibilityTimeout without a heartbeat, got: ${longest.toHumanString()} and ` +
        `${orDefault(lease.toHumanString(), props.visibilityTimeout)}; ` +
        'lengthen visibilityTimeout, or extend leases in the worker and leave heartbeat on',
      scope,
    );
  }
}

function checkExclusions(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  if (props.queue === undefined) {
    checkExcluded(
      'a new queue',
      { deadLetterQueue: props.deadLetterQueue },
      'set queue too, or let the construct create both',
      scope,
    );
  } else {
    const { maxReceiveCount, retentionPeriod, deadLetterRetention, encryptionKey, fifo, additionalQueues } = props;
    const createsQueues = Object.values(additionalQueues ?? {}).some(({ queue }) => queue === undefined);
    const removalPolicy = createsQueues ? undefined : props.removalPolicy;
    checkExcluded(
      'queue',
      { maxReceiveCount, retentionPeriod, deadLetterRetention, encryptionKey, fifo, removalPolicy },
      'set them where the queue is created',
      scope,
    );
  }
  if (props.fifo !== true) {
    checkExcluded(
      'a queue that is not FIFO',
      { contentBasedDeduplication: props.contentBasedDeduplication },
      'set fifo too, or omit it',
      scope,
    );
  }
}

/** The parts of a worker, whose ids additional queues cannot have. */
const PARTS = new Set([
  ...['Queue', 'DeadLetterQueue', 'DeadLetterAlarm', 'LogGroup', 'TaskDefinition', 'Service', 'Scaling', 'Ingress'],
  ...[
    'TaskRole',
    'ExecutionRole',
    'WakeUp',
    'SpotFallback',
    'LinuxParameters',
    'DependencyUnavailableAlarm',
    'OldestMessageAlarm',
    'NotStartingAlarm',
    'SaturationAlarm',
  ],
]);

function checkQueueName(scope: Construct, name: string): void {
  if (name.trim() === '' || PARTS.has(name)) {
    throw new ValidationError(
      `a queue in additionalQueues needs a name that is not empty and not that of a part of the worker, got: '${name}'; name it after its jobs`,
      scope,
    );
  }
}

/** An alarm holds two metrics for each queue, and one more for target tracking. */
const MAX_ADDITIONAL_QUEUES = Math.floor((CloudWatchLimits.maxMetricsPerAlarm - 1) / 2) - 1;

function checkAdditionalQueues(
  scope: Construct,
  { additionalQueues = {}, queue: ownQueue, queueWeight, strictPriority }: QueueScaledFargateWorkerProps,
): void {
  const names = Object.keys(additionalQueues);
  const weights = { min: 1, max: WorkerLimits.maxQueueWeight };
  if (names.length === 0) {
    checkExcluded('a single queue', { queueWeight, strictPriority }, 'add additionalQueues, or omit them', scope);
  }
  if (names.length > MAX_ADDITIONAL_QUEUES) {
    throw new ValidationError(
      `additionalQueues can hold ${MAX_ADDITIONAL_QUEUES} queues, because an alarm over more would have too many metrics, got: ${names.length}; use a second worker`,
      scope,
    );
  }
  checkWholeNumber('queueWeight', queueWeight, weights, scope);
  const taken = new Map(ownQueue === undefined ? [] : [[ownQueue.queueArn, 'queue']]);
  for (const [name, { queue, deadLetterQueue, weight }] of Object.entries(additionalQueues)) {
    checkQueueName(scope, name);
    const other = queue && taken.get(queue.queueArn);
    if (other !== undefined) {
      throw new ValidationError(
        `additionalQueues.${name} is the queue of ${other} too, whose weight it would share; list each queue once`,
        scope,
      );
    }
    if (queue !== undefined) {
      taken.set(queue.queueArn, `additionalQueues.${name}`);
    }
    checkWholeNumber(`additionalQueues.${name}.weight`, weight, weights, scope);
    if (queue === undefined) {
      checkExcluded(
        `a new queue in additionalQueues.${name}`,
        { deadLetterQueue },
        'set queue too, or let the construct create both',
        scope,
      );
    }
  }
}

function checkQueueEnvironments(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  const { queue, deadLetterQueue, additionalQueues = {} } = props;
  const additional = Object.entries(additionalQueues).flatMap(([name, given]) => [
    [`additionalQueues.${name}.queue`, given.queue] as const,
    [`additionalQueues.${name}.deadLetterQueue`, given.deadLetterQueue] as const,
  ]);
  checkSameEnvironment(
    { queue, deadLetterQueue, ...Object.fromEntries(additional) },
    'the metrics for scaling and alarms are in the account and region of the queue',
    scope,
  );
}

function checkTaskCounts(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  const { minTasks = WorkerDefaults.minTasks, maxTasks = WorkerDefaults.maxTasks } = props;
  checkWholeNumber('minTasks', minTasks, { min: 0 }, scope);
  checkWholeNumber('maxTasks', maxTasks, { min: 1 }, scope);
  if (minTasks > maxTasks) {
    throw new ValidationError(
      `minTasks cannot be more than maxTasks, got: ${orDefault(minTasks, props.minTasks)} and ${orDefault(maxTasks, props.maxTasks)}`,
      scope,
    );
  }
}
