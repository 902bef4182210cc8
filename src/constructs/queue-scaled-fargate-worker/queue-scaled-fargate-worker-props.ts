import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { SpotStrategy } from '../capacity';
import type { FargateTaskProps } from '../fargate-task';
import type { AdditionalQueueOptions } from './additional-queue';
import type { QueueScaling } from './queue-scaling';
import type { WakeUp } from './wake-up';
import type { WorkerHealthCheck } from './worker-health-check';
import type { WorkerIngress } from './worker-ingress';

/**
 * Options of a worker service, without the cluster.
 *
 * `image` runs a program that calls `runWorker` of fileworks-runtime, or one that implements the same contract. A
 * `taskDefinition` must be in the same stack: its default container receives the environment, and its task role the
 * permissions. If the container has a `stopTimeout`, set `stopTimeout` here too, so that the worker knows how long it
 * may drain.
 */
export interface QueueScaledFargateWorkerOptions extends FargateTaskProps {
  /**
   * How ECS detects that a task hangs.
   *
   * @default WorkerHealthCheck.none()
   */
  readonly healthCheck?: WorkerHealthCheck;

  /**
   * An existing queue of jobs. Props that would configure a new queue are then refused.
   *
   * @default - a new queue: encrypted, SSL only, with a dead-letter queue and an alarm
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue of an existing `queue`, for its alarm and for messages that the worker moves there without
   * further attempts.
   *
   * @default - the dead-letter queue of `queue` if this app creates it, otherwise none
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * How long a received message is hidden from other tasks, from 3 seconds to 12 hours.
   *
   * This is the worker's lease, which it extends while it works, and the time until a job is redelivered after its task
   * crashed. The worker sets it with each receive, so it also applies to an existing `queue`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   * @default Duration.minutes(5)
   */
  readonly visibilityTimeout?: Duration;

  /**
   * The maximum duration of a job, for a check at synth: with `heartbeat` at most 12 hours, the maximum of SQS;
   * without, at most `visibilityTimeout`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   * @default - not checked
   */
  readonly maxProcessingTime?: Duration;

  /**
   * Whether the worker extends its leases while it works, as `runWorker` does.
   *
   * @default true
   */
  readonly heartbeat?: boolean;

  /**
   * How many times a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 5
   */
  readonly maxReceiveCount?: number;

  /**
   * How long SQS keeps a message in the queue before it deletes it, from 1 minute to 14 days and shorter than
   * `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long SQS keeps a message in the dead-letter queue, counted from when it was first sent, from 1 minute to 14
   * days.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(14)
   */
  readonly deadLetterRetention?: Duration;

  /**
   * A customer-managed key for the queues. The task role may use it.
   *
   * @default - encryption with a key that SQS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * The removal policy of the queues. Retained queues keep their messages when the stack is deleted, or when a
   * deployment replaces or removes a queue.
   *
   * The queues of `wake` and `fallbackToOnDemand` are always deleted, because their messages are only hints.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether the new queue is FIFO: messages of one group are processed in order, one at a time.
   *
   * Tasks in excess of the number of message groups are idle, so `maxTasks` should not exceed it.
   *
   * @default false
   */
  readonly fifo?: boolean;

  /**
   * Whether a FIFO queue deduplicates by content. EventBridge needs this, because it sends no deduplication id. Only
   * with `fifo`.
   *
   * @default true
   */
  readonly contentBasedDeduplication?: boolean;

  /**
   * Up to three additional queues for the same tasks, by name: for files of higher or lower priority.
   *
   * The scaling follows the backlog of all queues together. A name is the construct id of the scope for the queue's
   * resources.
   *
   * @default - only the worker's own queue
   */
  readonly additionalQueues?: Record<string, AdditionalQueueOptions>;

  /**
   * The weight of the worker's own queue while other queues have jobs too, relative to theirs, from 1 to 1,000. Only
   * with `additionalQueues`.
   *
   * @default 1
   */
  readonly queueWeight?: number;

  /**
   * Whether a queue is read only while all queues of higher weight are empty. Otherwise, busy queues share the tasks by
   * weight, so that none starves. Only with `additionalQueues`.
   *
   * @default false
   */
  readonly strictPriority?: boolean;

  /**
   * How many jobs of all queues one task processes at the same time, 1 or more.
   *
   * @default 1
   */
  readonly concurrency?: number;

  /**
   * The minimum task count, 0 or more.
   *
   * @default 0
   */
  readonly minTasks?: number;

  /**
   * The maximum task count, 1 or more and at least `minTasks`.
   *
   * @default 10
   */
  readonly maxTasks?: number;

  /**
   * How the task count follows the queue.
   *
   * @default QueueScaling.exact()
   */
  readonly scaling?: QueueScaling;

  /**
   * Whether the arrival of a file starts tasks at once, without waiting for metrics.
   *
   * Cannot be combined with `scaleOnSchedule`.
   *
   * @default WakeUp.none()
   */
  readonly wake?: WakeUp;

  /**
   * Whether a task protects itself from scale-in while it works.
   *
   * The task role gets the permission, and the environment enables protection in the worker. It protects from scale-in
   * and deployments, but not from Spot interruptions.
   *
   * @default true
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
   */
  readonly scaleInProtection?: boolean;

  /**
   * The Fargate capacity of the tasks.
   *
   * @default SpotStrategy.spotOnly()
   */
  readonly capacity?: SpotStrategy;

  /**
   * Whether the service switches to on-demand capacity while Spot capacity is unavailable. Only with `capacity` that
   * includes Spot.
   *
   * After a failed placement on Spot, a Lambda function changes the capacity provider strategy of the service to
   * on-demand, and changes it back one hour after the last failure. Each change is a deployment: idle tasks are
   * replaced, and working tasks, protected by `scaleInProtection`, continue. CloudFormation does not know of the
   * change: meanwhile, drift detection reports the strategy, and an update of the service may restore Spot for five
   * minutes.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
   */
  readonly fallbackToOnDemand?: boolean;

  /**
   * The subnets of the tasks. They need a route to ECR, CloudWatch Logs, SQS and S3, through a NAT gateway or VPC
   * endpoints.
   *
   * @default - the private subnets with egress of the cluster's VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new group that allows all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether tasks have public IP addresses, which they need in public subnets only.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * A load balancer listener that routes requests to the tasks, for a worker that also serves HTTP.
   *
   * @default - no ingress
   */
  readonly ingress?: WorkerIngress;

  /**
   * Whether `aws ecs execute-command` may open a shell in a task.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * The age of the oldest message, visible or in flight, at which `oldestMessageAlarm` is in ALARM; 1 minute or more,
   * or `Duration.seconds(0)` for no such alarm.
   *
   * It is the age by SQS or by `runWorker` of fileworks-runtime, whichever is greater: SQS passes over messages that
   * were received three times.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   * @default - a quarter of the shortest retention of the queues, at most 1 day
   */
  readonly alarmOldestMessageAge?: Duration;

  /**
   * How long messages must be visible with none in flight before `notStartingAlarm` is in ALARM, from 1 minute to 24
   * hours, or `Duration.seconds(0)` for no such alarm: tasks fail to start or receive no messages, whatever the reason.
   * Set it to at least the time that a task takes to start, including metric and alarm.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default Duration.minutes(10)
   */
  readonly alarmNotStartingFor?: Duration;

  /**
   * How long the backlog must exceed the capacity of `maxTasks` tasks before `saturationAlarm` is in ALARM, from 1
   * minute to 24 hours.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - no such alarm
   */
  readonly alarmSaturatedFor?: Duration;
}

/** Properties of `QueueScaledFargateWorker`. */
export interface QueueScaledFargateWorkerProps extends QueueScaledFargateWorkerOptions {
  /**
   * The cluster, and with it the VPC, of the tasks.
   *
   * The construct adds the FARGATE and FARGATE_SPOT capacity providers to an `ecs.Cluster` of the same app if they are
   * missing; an imported cluster must have them.
   */
  readonly cluster: ICluster;
}
