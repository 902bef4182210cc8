import { DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import { destinationOf } from './destination';
import type { DeadLetterMessage } from './message';
import { BATCH_SIZE, scan } from './scan';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue } from '../queues';
import type { Clients } from '../support/clients';
import { describeError } from '../support/errors';
import type { Rerun, RerunSource } from './source';

/**
 * The messages of a dead-letter queue. Each is sent to its destination and then deleted here. A message that is sent
 * but cannot be deleted is processed twice; no message is lost.
 */
export function deadLetters(
  clients: Clients,
  pipeline: Pipeline,
  queue: DeadLetterQueue,
): RerunSource<DeadLetterMessage> {
  return {
    name: queue.name,
    kind: 'dead-letter queue',
    count: queue.visible,
    scan: (options, handle) => scan(clients, queue, options, handle),
    async rerun(messages) {
      const arrived = new Set<string>();
      let error: string | undefined;
      // A dead-letter queue with a source has one destination; undelivered events each name their own target
      for (const some of queue.source === undefined ? messages.map((message) => [message]) : [messages]) {
        try {
          const destination = await destinationOf(clients, pipeline, queue, some[0]);
          const sent = await destination.deliver(some);
          sent.done.forEach((id) => arrived.add(id));
          error ??= sent.error;
        } catch (refused) {
          error ??= describeError(refused).message;
        }
      }
      const deleted = await deleteMessages(
        clients,
        queue,
        messages.filter(({ id }) => arrived.has(id)),
      );
      return { ...deleted, ...(error !== undefined && { error }) };
    },
  };
}

/** Deletes received messages, at most as many as a batch has. */
export async function deleteMessages(
  clients: Clients,
  { url }: Pick<DeadLetterQueue, 'url'>,
  messages: readonly DeadLetterMessage[],
): Promise<Rerun> {
  if (messages.length === 0) {
    return { done: new Set() };
  }
  const { Successful: deleted = [], Failed: failed = [] } = await clients.sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: url,
      Entries: messages
        .slice(0, BATCH_SIZE)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
    }),
  );
  const refused = failed.at(0);
  return {
    done: new Set(deleted.flatMap(({ Id: id }) => messages[Number(id)]?.id ?? [])),
    ...(refused && { error: `SQS did not delete a message: ${refused.Message ?? refused.Code ?? ''}` }),
  };
}
