import type { Alarm, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { createDeadLetterAlarm, encryption, WorkQueueDefaults } from './work-queue';

export interface UndeliveredEvents {
  readonly deadLetterQueue: Queue;
  readonly deadLetterAlarm: Alarm;
}

export interface UndeliveredEventsOptions {
  /** What the alarm says. */
  readonly description: string;
  readonly alarmActions?: IAlarmAction[];
}

/** Where EventBridge, EventBridge Scheduler and Lambda put events that they could not deliver, and the alarm on it. */
export function createUndeliveredEvents(scope: Construct, { description, alarmActions }: UndeliveredEventsOptions): UndeliveredEvents {
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', { ...encryption(), retentionPeriod: WorkQueueDefaults.deadLetterRetention });
  acknowledge(deadLetterQueue, 'AwsSolutions-SQS3', 'This is the dead-letter queue of rules, schedules or functions, which is not named in any queue');
  const deadLetterAlarm = createDeadLetterAlarm(scope, deadLetterQueue, { description, actions: alarmActions });
  return { deadLetterQueue, deadLetterAlarm };
}
