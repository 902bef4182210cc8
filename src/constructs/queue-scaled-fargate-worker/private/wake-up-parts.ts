import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { WakeUpEnv, WAKE_UP_INTERVAL_SECONDS } from '../../../contract/wake-up';
import { acknowledge } from '../../private/acknowledge';
import { grantConsume } from '../../private/grants';
import { grantRegisterTarget } from '../../private/grant-register-target';
import { createHandlerFunction } from '../../private/handler-function';
import { pathOf } from '../../private/paths';
import { createQueueSource } from '../../private/queue-source';
import { createThrottleAlarm } from '../../private/throttle-alarm';
import { createWorkQueue, type WorkQueue } from '../../private/work-queue';
import { WakeUpDefaults } from '../defaults';

export interface WakeUpOptions {
  readonly service: FargateService;
  /** The queues of jobs. */
  readonly jobs: readonly IQueue[];
  readonly minTasks: number;
  readonly maxTasks: number;
  readonly messagesPerTask: number;
}

/** The queue for wake-ups, and the function that checks the queues of jobs while a message is in it. */
export function createWakeUp(worker: Construct, options: WakeUpOptions): WorkQueue {
  const { service, jobs } = options;
  const scope = new Construct(worker, 'WakeUp');
  const wakeUps = createWorkQueue(scope, {
    fifo: true,
    // An unfinished message is redelivered after this: the time between two checks.
    visibilityTimeout: Duration.seconds(WAKE_UP_INTERVAL_SECONDS),
    maxReceiveCount: WakeUpDefaults.maxReceiveCount,
    retentionPeriod: WakeUpDefaults.retentionPeriod,
    removalPolicy: RemovalPolicy.DESTROY,
    deadLetterNotice: {
      description: `Wake-ups of ${pathOf(worker)} fail: files may wait for minutes before a task starts, and its minimum task count may still be raised`,
      runbook: 'worker-wake-up-dead-letter',
    },
  });
  const resourceId = `service/${service.cluster.clusterName}/${service.serviceName}`;
  const handler = createHandlerFunction(scope, 'Function', {
    handler: 'wake-up',
    description: `Wakes ${pathOf(worker)}`,
    timeout: WakeUpDefaults.functionTimeout,
    environment: {
      [WakeUpEnv.queueUrls]: jobs.map(({ queueUrl }) => queueUrl).join(' '),
      [WakeUpEnv.service]: resourceId,
      [WakeUpEnv.minTasks]: String(options.minTasks),
      [WakeUpEnv.maxTasks]: String(options.maxTasks),
      [WakeUpEnv.messagesPerTask]: String(options.messagesPerTask),
    },
  });
  for (const queue of jobs) {
    queue.grant(handler, 'sqs:GetQueueAttributes');
  }
  grantReadMetrics(scope, handler);
  grantRegisterTarget(scope, handler, service);
  // For the event source mapping, which uses the role of the function.
  grantConsume(wakeUps.queue, handler);
  createQueueSource(scope, 'Source', { target: handler, queue: wakeUps.queue, batchSize: 1 });
  createThrottleAlarm(scope, [handler]);
  return wakeUps;
}

function grantReadMetrics(scope: Construct, grantee: iam.IGrantable): void {
  iam.Grant.addToPrincipal({ grantee, actions: ['cloudwatch:GetMetricData'], resourceArns: ['*'] });
  acknowledge(
    scope,
    'AwsSolutions-IAM5[Resource::*]',
    'cloudwatch:GetMetricData has no narrower resource: metrics have no ARNs',
  );
}
