import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { SqsLimits } from '../../contract/service-limits';
import { createAlarm, type AlarmNotice } from './alarm';
import { checkDuration, checkWholeNumber, orDefault } from './checks';
import { pathOf } from './paths';
import { ValidationError } from './validation-error';

/** Defaults of a queue of jobs, each with its reason. */
export const WorkQueueDefaults = {
  /**
   * The jobs of a crashed task are redelivered within minutes, and a heartbeat may fail several times before the lease
   * is lost.
   */
  visibilityTimeout: Duration.minutes(5),
  /** The default of SQS: a long weekend. */
  retentionPeriod: Duration.days(4),
  /** Spot interruptions and deployments use up receives without a fault of the job, so three would be too few. */
  maxReceiveCount: 5,
  /** The maximum of SQS: time to notice, fix and redrive. */
  deadLetterRetention: Duration.days(14),
  /**
   * A deployment that replaces or deletes a queue must not delete its messages. Both queues are kept, because SQS
   * redrives messages only from a queue that another one names as its dead-letter queue.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
   */
  removalPolicy: RemovalPolicy.RETAIN,
} as const;

export interface WorkQueueOptions {
  readonly visibilityTimeout?: Duration;
  readonly retentionPeriod?: Duration;
  readonly maxReceiveCount?: number;
  readonly deadLetterRetention?: Duration;
  readonly encryptionKey?: IKey;
  readonly removalPolicy?: RemovalPolicy;
  readonly fifo?: boolean;
  /** Only for FIFO. */
  readonly contentBasedDeduplication?: boolean;
  /** The consumer sends messages to the dead-letter queue itself after the last attempt, so that they are new there. */
  readonly deadLettersAreSent?: boolean;
  /** Text of the alarm on the dead-letter queue; by default, that jobs failed. */
  readonly deadLetterNotice?: AlarmNotice;
}

export interface WorkQueue {
  readonly queue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;
  readonly deadLetterAlarm: cloudwatch.Alarm;
}

/** A queue of a construct: SSL only, encrypted, with a dead-letter queue and an alarm. */
export function createWorkQueue(scope: Construct, options: WorkQueueOptions): WorkQueue {
  const queues = createQueues(scope, options);
  const notice = options.deadLetterNotice ?? {
    description: `Jobs of ${pathOf(scope)} failed on every attempt and are in its dead-letter queue`,
    runbook: 'jobs-dead-letter',
  };
  const deadLetterAlarm = createDeadLetterAlarm(scope, queues.deadLetterQueue, notice);
  return { ...queues, deadLetterAlarm };
}

/** The queues without an alarm. */
export function createQueues(scope: Construct, options: WorkQueueOptions): Omit<WorkQueue, 'deadLetterAlarm'> {
  // An explicit false is refused by SQS.
  const fifo = options.fifo === true ? true : undefined;
  const visibilityTimeout = options.visibilityTimeout ?? WorkQueueDefaults.visibilityTimeout;
  const retentionPeriod = options.retentionPeriod ?? WorkQueueDefaults.retentionPeriod;
  const maxReceiveCount = options.maxReceiveCount ?? WorkQueueDefaults.maxReceiveCount;
  const deadLetterRetention = options.deadLetterRetention ?? WorkQueueDefaults.deadLetterRetention;
  const removalPolicy = options.removalPolicy ?? WorkQueueDefaults.removalPolicy;
  checkDuration(
    'visibilityTimeout',
    visibilityTimeout,
    { min: 1, max: SqsLimits.maxVisibilityTimeoutSeconds, tokens: true },
    scope,
  );
  checkWholeNumber('maxReceiveCount', maxReceiveCount, { min: 1, max: SqsLimits.maxReceiveCount, tokens: true }, scope);
  checkRetention(scope, retentionPeriod, deadLetterRetention, options);

  // Without redriveAllowPolicy, because it would have to contain the ARN of the queue that references this one, a cycle
  // that only fixed names avoid, and with fixed names a kept queue would prevent its own replacement.
  const deadLetterQueue = new sqs.Queue(scope, 'DeadLetterQueue', {
    ...encryption(options.encryptionKey),
    fifo,
    // A worker sends messages here itself after a permanent failure.
    contentBasedDeduplication: fifo,
    retentionPeriod: deadLetterRetention,
    removalPolicy,
  });
  const queue = new sqs.Queue(scope, 'Queue', {
    ...encryption(options.encryptionKey),
    fifo,
    contentBasedDeduplication: fifo && (options.contentBasedDeduplication ?? true),
    visibilityTimeout,
    retentionPeriod,
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount },
    removalPolicy,
  });
  return { queue, deadLetterQueue };
}

/** The visibility timeout of a queue of the app, which a property injector of the organisation may have changed. */
export function visibilitySeconds(queue: sqs.Queue): number {
  return (queue.node.defaultChild as sqs.CfnQueue).visibilityTimeout ?? SQS_DEFAULT_VISIBILITY_SECONDS;
}

const SQS_DEFAULT_VISIBILITY_SECONDS = 30;

/** An alarm that is in ALARM while a dead-letter queue holds messages. */
export function createDeadLetterAlarm(scope: Construct, queue: sqs.IQueue, notice: AlarmNotice): cloudwatch.Alarm {
  return createAlarm(scope, 'DeadLetterAlarm', {
    ...notice,
    // NumberOfMessagesSent does not count the messages that SQS moves there; the visible messages include them.
    metric: queue.metricApproximateNumberOfMessagesVisible({
      period: Duration.minutes(1),
      statistic: cloudwatch.Stats.MAXIMUM,
    }),
    threshold: 1,
  });
}

/** Encryption at rest and in transit, with a key managed by SQS or the given one. */
export function encryption(key?: IKey): Pick<sqs.QueueProps, 'encryption' | 'encryptionMasterKey' | 'enforceSSL'> {
  return key === undefined
    ? { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true }
    : { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: key, enforceSSL: true };
}

function checkRetention(
  scope: Construct,
  retentionPeriod: Duration,
  deadLetterRetention: Duration,
  given: WorkQueueOptions,
): void {
  const range = { min: SqsLimits.minRetentionSeconds, max: SqsLimits.maxRetentionSeconds, tokens: true };
  checkDuration('retentionPeriod', retentionPeriod, range, scope);
  checkDuration('deadLetterRetention', deadLetterRetention, range, scope);

  if (retentionPeriod.isUnresolved() || deadLetterRetention.isUnresolved()) {
    return;
  }
  // A message that SQS moves keeps its send time, so its age continues to count.
  const shortest = retentionPeriod.toSeconds() + (given.deadLettersAreSent === true ? 0 : 1);
  if (deadLetterRetention.toSeconds() < shortest) {
    throw new ValidationError(
      `deadLetterRetention ${given.deadLettersAreSent === true ? 'cannot be shorter' : 'must be longer'} than retentionPeriod, or a message can expire on its way, got: ` +
        `${orDefault(deadLetterRetention.toHumanString(), given.deadLetterRetention)} and ${orDefault(retentionPeriod.toHumanString(), given.retentionPeriod)}; ` +
        'shorten retentionPeriod or lengthen deadLetterRetention, up to 14 days',
      scope,
    );
  }
}
