import { Duration, type Stack } from 'aws-cdk-lib';
import { type ICluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { QueueProcessingFargateService, ScheduledFargateTask } from 'aws-cdk-lib/aws-ecs-patterns';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import {
  FileIngestBucket,
  IngestTarget,
  QueueScaledFargateWorker,
  type QueueScaledFargateWorkerProps,
  ScheduledFargateJob,
  WakeUp,
} from '../../lib/index.js';
import { workerByHand } from './by-hand.ts';

export type Build = (stack: Stack, cluster: ICluster) => void;

const image = ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable');
const worker =
  (props: Partial<QueueScaledFargateWorkerProps> = {}): Build =>
  (stack, cluster) => {
    new QueueScaledFargateWorker(stack, 'Worker', { cluster, image, ...props });
  };

const jobsOf = (stack: Stack) => Queue.fromQueueArn(stack, 'Jobs', 'arn:aws:sqs:eu-west-1:111122223333:jobs');

/** What is synthesized, by name: into a stack of its own, beside one with VPC and cluster. */
export const stacks: Readonly<Record<string, Build>> = {
  worker: worker(),
  QueueProcessingFargateService: (stack, cluster) => {
    new QueueProcessingFargateService(stack, 'Peer', {
      cluster,
      image,
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    });
  },
  // What it leaves out: TLS for its queues, and an alarm on messages that failed.
  'QueueProcessingFargateService, TLS and alarm': (stack, cluster) => {
    const deadLetterQueue = new Queue(stack, 'DeadLetters', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    const queue = new Queue(stack, 'Jobs', {
      enforceSSL: true,
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 3 },
    });
    new QueueProcessingFargateService(stack, 'Peer', {
      cluster,
      image,
      queue,
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    });
    deadLetterQueue
      .metricApproximateNumberOfMessagesVisible()
      .createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  },
  // The same template as ours, without us.
  'the same by hand': (stack, cluster) => workerByHand(stack, cluster, image),
  'worker, alarmSaturatedFor': worker({ alarmSaturatedFor: Duration.hours(1) }),
  'worker, an additional queue': worker({ additionalQueues: { Express: {} } }),
  'worker, wake': worker({ wake: WakeUp.onArrival() }),
  // Both to a queue that stands elsewhere, so that what is counted is the way to it.
  'bucket and route': (stack) => {
    new FileIngestBucket(stack, 'Inbox').addRoute('All', { target: IngestTarget.existingQueue(jobsOf(stack)) });
  },
  'Bucket with eventBridgeEnabled, Rule': (stack) => {
    const bucket = new Bucket(stack, 'Inbox', { eventBridgeEnabled: true, enforceSSL: true });
    const eventPattern = {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [bucket.bucketName] } },
    };
    const deadLetterQueue = new Queue(stack, 'Undelivered', { enforceSSL: true });
    new Rule(stack, 'Rule', { eventPattern, targets: [new SqsQueue(jobsOf(stack), { deadLetterQueue })] });
  },
  job: (stack, cluster) => {
    new ScheduledFargateJob(stack, 'Job', { cluster, image, schedule: ScheduleExpression.rate(Duration.hours(1)) });
  },
  ScheduledFargateTask: (stack, cluster) => {
    new ScheduledFargateTask(stack, 'Peer', {
      cluster,
      schedule: Schedule.rate(Duration.hours(1)),
      scheduledFargateTaskImageOptions: { image, memoryLimitMiB: 1_024, cpu: 512 },
    });
  },
};
