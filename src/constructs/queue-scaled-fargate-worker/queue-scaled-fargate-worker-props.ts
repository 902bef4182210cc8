import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
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
 * What a worker can be told, but for the cluster.
 *
 * `image` is a program that calls `runWorker` of fileworks-runtime, or one that keeps the same contract. A
 * `taskDefinition` must be of the same stack: its
 * default container gets the environment, and its task role the permissions; for a `stopTimeout` that the container
 * has, set `stopTimeout` too, so that the
 * worker knows how long it may drain.
 */
export interface QueueScaledFargateWorkerOptions extends FargateTaskProps {
  /**
   * How ECS tells that a task hangs.
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
   * The dead-letter queue of an existing `queue`, for the alarm on it and for messages that the worker gives up at
   * once.
   *
   * @default - what `queue` says of itself when this app creates it, otherwise none
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * How long a received message stays hidden from other tasks, from 3 seconds to 12 hours.
   *
   * It is the worker's lease, which it extends while it works; and the time that a job waits when its task has crashed.
   * The worker asks for it with each receive, so it holds for an existing `queue` too.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   * @default Duration.minutes(5)
   */
  readonly visibilityTimeout?: Duration;

  /**
   * The longest time that one job may take, for a check at synth: with `heartbeat` at most 12 hours, the longest that
   * SQS
   * hides a message; without, at most `visibilityTimeout`.
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
   * How often a message is received before SQS moves it to the dead-letter queue, from 1 to 1,000.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
   * @default 5
   */
  readonly maxReceiveCount?: number;

  /**
   * How long a message waits in the queue before SQS drops it, from 1 minute to 14 days and shorter than
   * `deadLetterRetention`.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;

  /**
   * How long a message is kept in the dead-letter queue, counted from its first send, from 1 minute to 14 days.
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
   * Whether the new queue is FIFO: messages of one group are worked on in order and one at a time.
   *
   * More tasks than there are message groups find nothing to do, so `maxTasks` should not be more than those.
   *
   * @default false
   */
  readonly fifo?: boolean;

  /**
   * Whether a FIFO queue tells duplicates by their text. EventBridge needs it, because it sends no deduplication id.
   * Only with `fifo`.
   *
   * @default true
   */
  readonly contentBasedDeduplication?: boolean;

  /**
   * Up to three further queues that the same tasks take jobs from, by name: for files that must not wait behind others,
   * or for those that may.
   *
   * The scaling follows the jobs of all queues together. A name is the construct id of what is created for it.
   *
   * @default - only the worker's own queue
   */
  readonly additionalQueues?: Record<string, AdditionalQueueOptions>;

  /**
   * The share of the worker's own queue while others have jobs too, relative to theirs; from 1 to 1,000. Only with
   * `additionalQueues`.
   *
   * @default 1
   */
  readonly queueWeight?: number;

  /**
   * Whether a queue is worked on only while those with a higher weight are empty. Otherwise busy queues share the tasks
   * by their weights, so that none starves.
   * Only with `additionalQueues`.
   *
   * @default false
   */
  readonly strictPriority?: boolean;

  /**
   * Jobs that one task runs at the same time, 1 or more, all queues together.
   *
   * @default 1
   */
  readonly concurrency?: number;

  /**
   * The fewest tasks, 0 or more.
   *
   * @default 0
   */
  readonly minTasks?: number;

  /**
   * The most tasks, 1 or more and not below `minTasks`.
   *
   * @default 10
   */
  readonly maxTasks?: number;

  /**
   * How the number of tasks follows the queue.
   *
   * @default QueueScaling.exact()
   */
  readonly scaling?: QueueScaling;

  /**
   * Whether the arrival of a file starts tasks, without waiting for metrics.
   *
   * Not together with `scaleOnSchedule`.
   *
   * @default WakeUp.none()
   */
  readonly wake?: WakeUp;

  /**
   * Whether a task may protect itself from scale-in while it works.
   *
   * The task role gets the permission and the worker is told to use it. Protection holds against scale-in and
   * deployments, not
   * against Spot reclaims.
   *
   * @default true
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
   */
  readonly scaleInProtection?: boolean;

  /**
   * Which Fargate capacity runs the tasks.
   *
   * @default SpotStrategy.spotOnly()
   */
  readonly capacity?: SpotStrategy;

  /**
   * Whether the service runs on demand while ECS finds no Spot capacity. Only with `capacity` that has Spot.
   *
   * A placement on Spot that fails makes a Lambda function change the capacity provider strategy of the service to
   * on-demand, and change it back an hour after
   * the last failure. Each change is a deployment: other tasks take the place of those that do not work, and those that
   * do go on, protected by
   * `scaleInProtection`. CloudFormation knows nothing of it: meanwhile its drift detection reports the strategy, and an
   * update of the service may put Spot
   * back, for five minutes.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
   */
  readonly fallbackToOnDemand?: boolean;

  /**
   * The subnets of the tasks. They must reach ECR, CloudWatch Logs, SQS and S3, by a NAT gateway or by VPC endpoints.
   *
   * @default - the private subnets of the cluster's VPC that have a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security groups of the tasks.
   *
   * @default - a new group that lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Whether tasks get public addresses; needed in public subnets, and only there.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * A load balancer's listener that sends requests to the tasks too, for a worker that also answers HTTP.
   *
   * @default - nothing reaches the tasks
   */
  readonly ingress?: WorkerIngress;

  /**
   * Whether `aws ecs execute-command` may open a shell in a task.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * Rings an alarm when the oldest message, waiting or in work, is older than this; 1 minute or more.
   *
   * @default - no such alarm
   */
  readonly alarmOldestMessageAge?: Duration;

  /**
   * Rings an alarm when jobs have waited for as long as this and not one was in work, from 1 minute to 24 hours: tasks
   * fail to start, whatever the
   * reason, or take no work. At least the time that a task takes to start, metric and alarm included; 10 minutes suit
   * most.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - no such alarm
   */
  readonly alarmNotStartingFor?: Duration;

  /**
   * Rings an alarm when there have been more jobs than `maxTasks` tasks can take for as long as this, from 1 minute to
   * 24 hours.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - no such alarm
   */
  readonly alarmSaturatedFor?: Duration;
}

/** Properties of `QueueScaledFargateWorker`. */
export interface QueueScaledFargateWorkerProps extends QueueScaledFargateWorkerOptions {
  /**
   * The cluster that runs the tasks, and with it the VPC.
   *
   * An `ecs.Cluster` of the same app gets the FARGATE and FARGATE_SPOT capacity providers if it lacks them; an imported
   * cluster must have them.
   */
  readonly cluster: ICluster;
}
