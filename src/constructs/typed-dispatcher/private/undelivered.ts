import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';
import { createDeadLetterAlarm, encryption, WorkQueueDefaults } from '../../private/work-queue';

export interface Undelivered {
  readonly queue: Queue;
}

/** Where EventBridge and Lambda put events that they could not deliver, and the alarm on it. */
export function createUndelivered(dispatcher: Construct, actions?: IAlarmAction[]): Undelivered {
  const scope = new Construct(dispatcher, 'Undelivered');
  const queue = new Queue(scope, 'DeadLetterQueue', { ...encryption(), retentionPeriod: WorkQueueDefaults.deadLetterRetention });
  acknowledge(queue, 'AwsSolutions-SQS3', 'This is the dead-letter queue of EventBridge rules and of a stream, which is not named in any queue');
  createDeadLetterAlarm(scope, queue, { description: `Events of ${dispatcher.node.path} could not be delivered`, actions });
  return { queue };
}
