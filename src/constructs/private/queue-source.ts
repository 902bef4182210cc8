import { Duration, Token } from 'aws-cdk-lib';
import {
  EventSourceMapping,
  type EventSourceMappingOptions,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import { Queue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ValidationError } from './validation-error';
import { visibilitySeconds } from './work-queue';

export interface QueueSourceOptions extends Omit<EventSourceMappingOptions, 'eventSourceArn'> {
  readonly target: LambdaFunction;
  readonly queue: IQueue;
}

/** The default of Lambda. */
const DEFAULT_TIMEOUT = Duration.seconds(3);

/**
 * Lets a function consume a queue. Lambda refuses one whose visibility timeout is below the timeout of the function.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function createQueueSource(scope: Construct, id: string, { queue, ...options }: QueueSourceOptions): void {
  const { visibility, timeout } = timesOf(queue, options.target);
  if (visibility !== undefined && timeout !== undefined && visibility < timeout) {
    throw new ValidationError(
      `queue must have a visibility timeout of at least ${timeout} seconds, the timeout of the function, or Lambda refuses it, got: ${visibility}; ` +
        'set six times the timeout where the queue is created',
      scope,
    );
  }
  new EventSourceMapping(scope, id, { ...options, eventSourceArn: queue.queueArn, reportBatchItemFailures: true });
}

/** The visibility timeout of a queue and the timeout of its function in seconds; undefined if unknown at synth. */
export function timesOf(queue: IQueue, { timeout = DEFAULT_TIMEOUT }: LambdaFunction) {
  const visibility = queue instanceof Queue ? visibilitySeconds(queue) : undefined;
  return {
    visibility: visibility === undefined || Token.isUnresolved(visibility) ? undefined : visibility,
    timeout: timeout.isUnresolved() ? undefined : timeout.toSeconds(),
  };
}
