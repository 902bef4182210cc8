import type { Alarm, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { AlarmNotice } from './alarm';
import { createDeadLetterAlarm, encryption, WorkQueueDefaults } from './work-queue';

export interface UndeliveredEvents {
  readonly deadLetterQueue: Queue;
  readonly deadLetterAlarm: Alarm;
}

/** What the alarm says and does. */
export interface UndeliveredEventsOptions extends AlarmNotice {
  readonly alarmActions?: IAlarmAction[];
}

/** Where EventBridge, EventBridge Scheduler and Lambda put events that they could not deliver, and the alarm on it. */
export function createUndeliveredEvents(
  scope: Construct,
  { alarmActions, ...notice }: UndeliveredEventsOptions,
): UndeliveredEvents {
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', {
    ...encryption(),
    retentionPeriod: WorkQueueDefaults.deadLetterRetention,
  });
  acknowledge(
    deadLetterQueue,
    'AwsSolutions-SQS3',
    'This is the dead-letter queue of rules, schedules or functions, which is not named in any queue',
  );
  const deadLetterAlarm = createDeadLetterAlarm(scope, deadLetterQueue, { ...notice, actions: alarmActions });
  return { deadLetterQueue, deadLetterAlarm };
}
