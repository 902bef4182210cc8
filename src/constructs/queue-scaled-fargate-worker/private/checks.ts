import { Token, type Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SqsLimits } from '../../../contract/service-limits';
import { WorkerEnv } from '../../../contract/worker-env';
import { checkExcluded, checkSeconds, checkWholeNumber } from '../../private/checks';
import { checkFargateTask } from '../../private/fargate-task';
import { ValidationError } from '../../private/validation-error';
import { WorkerDefaults } from '../defaults';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** What can be said about the props before anything is created. */
export function checkProps(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  checkExclusions(scope, props);
  checkFargateTask(scope, props, {
    excluded: { healthCheck: props.healthCheck },
    // The log level is the one variable of the contract that is the user's to set.
    reserved: Object.values(WorkerEnv).filter((name) => name !== WorkerEnv.logLevel),
  });
  checkSeconds('visibilityTimeout', props.visibilityTimeout, { min: 1, max: SqsLimits.maxVisibilityTimeoutSeconds }, scope);
  checkWholeNumber('concurrency', props.concurrency, { min: 1 }, scope);
  checkSeconds('alarmOldestMessageAge', props.alarmOldestMessageAge, { min: 60 }, scope);
  checkSeconds('alarmSaturatedFor', props.alarmSaturatedFor, { min: 60, max: 86_400 }, scope);
  checkTaskCounts(scope, props.minTasks ?? WorkerDefaults.minTasks, props.maxTasks ?? WorkerDefaults.maxTasks);
}

/**
 * A job must fit into the time that its message can be hidden.
 *
 * @param lease how long a receive hides a message, as the queue was really built
 */
export function checkProcessingTime(scope: Construct, props: QueueScaledFargateWorkerProps, lease: Duration): void {
  const longest = props.maxProcessingTime;
  if (longest === undefined || longest.isUnresolved() || lease.isUnresolved()) {
    return;
  }
  if (longest.toSeconds() > SqsLimits.maxVisibilityTimeoutSeconds) {
    throw new ValidationError(
      `maxProcessingTime cannot be longer than 12 hours, the longest that SQS hides a message, got: ${longest.toHumanString()}; split the job`,
      scope,
    );
  }
  if (!(props.heartbeat ?? true) && longest.toSeconds() > lease.toSeconds()) {
    throw new ValidationError(
      `maxProcessingTime cannot be longer than visibilityTimeout without a heartbeat, got: ${longest.toHumanString()} and ${lease.toHumanString()}; `
      + 'lengthen visibilityTimeout, or extend leases in the worker and leave heartbeat on',
      scope,
    );
  }
}

function checkExclusions(scope: Construct, props: QueueScaledFargateWorkerProps): void {
  if (props.queue === undefined) {
    checkExcluded('a new queue', { deadLetterQueue: props.deadLetterQueue }, 'give queue too, or let the construct create both', scope);
  } else {
    const { maxReceiveCount, retentionPeriod, deadLetterRetention, encryptionKey, fifo } = props;
    checkExcluded('queue', { maxReceiveCount, retentionPeriod, deadLetterRetention, encryptionKey, fifo }, 'set them where the queue is created', scope);
  }
  if (props.fifo !== true) {
    checkExcluded('a queue that is not FIFO', { contentBasedDeduplication: props.contentBasedDeduplication }, 'set fifo too, or leave it out', scope);
  }
}

function checkTaskCounts(scope: Construct, minTasks: number, maxTasks: number): void {
  for (const [prop, value] of Object.entries({ minTasks, maxTasks })) {
    if (Token.isUnresolved(value)) {
      throw new ValidationError(`${prop} must be known at synth, because the steps of the scaling policy are made from it; give a plain number`, scope);
    }
  }
  checkWholeNumber('minTasks', minTasks, { min: 0 }, scope);
  checkWholeNumber('maxTasks', maxTasks, { min: 1 }, scope);
  if (minTasks > maxTasks) {
    throw new ValidationError(`minTasks cannot be more than maxTasks, got: ${minTasks} and ${maxTasks}`, scope);
  }
}
