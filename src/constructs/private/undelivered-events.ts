import type { RemovalPolicy } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { AlarmNotice } from './alarm';
import { createDeadLetterAlarm, encryption, WorkQueueDefaults } from './work-queue';

export interface UndeliveredEvents {
  readonly deadLetterQueue: Queue;
  readonly deadLetterAlarm: Alarm;
}

/** Text of the alarm, and the removal policy of the queue. */
export interface UndeliveredEventsOptions extends AlarmNotice {
  readonly removalPolicy?: RemovalPolicy;
}

/** The dead-letter queue of EventBridge, EventBridge Scheduler and Lambda for undelivered events, and its alarm. */
export function createUndeliveredEvents(
  scope: Construct,
  { removalPolicy = WorkQueueDefaults.removalPolicy, ...notice }: UndeliveredEventsOptions,
): UndeliveredEvents {
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', {
    ...encryption(),
    retentionPeriod: WorkQueueDefaults.deadLetterRetention,
    removalPolicy,
    // EventBridge, Scheduler and Lambda send messages by the policy of the queue or their role, not by this.
    redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
  });
  acknowledge(
    deadLetterQueue,
    'AwsSolutions-SQS3',
    'This is the dead-letter queue of rules, schedules or functions, so no queue references it',
  );
  const deadLetterAlarm = createDeadLetterAlarm(scope, deadLetterQueue, notice);
  return { deadLetterQueue, deadLetterAlarm };
}
