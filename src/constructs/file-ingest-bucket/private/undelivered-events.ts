import type { Alarm, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';
import { createDeadLetterAlarm, encryption, WorkQueueDefaults } from '../../private/work-queue';

export interface UndeliveredEvents {
  readonly deadLetterQueue: Queue;
  readonly deadLetterAlarm: Alarm;
}

/** Where rules put events that they could not deliver, and the alarm on it. */
export function createUndeliveredEvents(scope: Construct, actions?: IAlarmAction[]): UndeliveredEvents {
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', { ...encryption(), retentionPeriod: WorkQueueDefaults.deadLetterRetention });
  acknowledge(deadLetterQueue, 'AwsSolutions-SQS3', 'This is the dead-letter queue of EventBridge rules, which is not named in any queue');
  const deadLetterAlarm = createDeadLetterAlarm(scope, deadLetterQueue, {
    description: `Events of new objects in ${scope.node.path} could not be delivered and wait in its dead-letter queue`,
    actions,
  });
  return { deadLetterQueue, deadLetterAlarm };
}
