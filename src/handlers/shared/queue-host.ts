import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DispatchQueue } from '../../contract/dispatch-config';
import type { FileTurn, JobMessage } from '../../contract/job-message';
import type { FileRow } from '../../runtime/dispatch/rows';
import type { LaunchResult, TaskHost, TaskState } from '../../runtime/dispatch/task-host';
import { resultOfError } from './launch-error';

export interface QueueHostOptions {
  readonly client: SQSClient;
  readonly queues: Readonly<Record<string, DispatchQueue>>;
}

/**
 * Sends files to workers of a queue: the worker that receives the message may begin the turn, and only its heartbeats
 * show its state.
 */
export class QueueHost implements TaskHost {
  readonly #options: QueueHostOptions;

  constructor(options: QueueHostOptions) {
    this.#options = options;
  }

  async launch({ id, type, epoch, fence, object, correlationId }: FileRow): Promise<LaunchResult> {
    const { queueUrl, fifo } = this.#options.queues[type];
    const payload: FileTurn = { fileId: id, epoch, fence: fence ?? epoch };
    const message: JobMessage = { fileworksJob: 1, type, correlationId, object, payload };
    try {
      await this.#options.client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: JSON.stringify(message),
          // The dispatcher controls order and turns, so files need not wait for one another in the queue
          ...(fifo && { MessageGroupId: id, MessageDeduplicationId: `${id}-${epoch}` }),
        }),
      );
      return { kind: 'sent' };
    } catch (error) {
      return resultOfError(error, NO_REFUSAL);
    }
  }

  tasksOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** A message that was sent before cannot begin the file. */
  cancel(): Promise<boolean> {
    return Promise.resolve(true);
  }

  describe(): Promise<TaskState> {
    return Promise.resolve({ kind: 'unknown' });
  }

  /** A worker detects the end of its turn with its next heartbeat. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** A queue never refuses a message. */
const NO_REFUSAL = /^$/;
