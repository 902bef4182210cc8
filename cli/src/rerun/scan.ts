import { ChangeMessageVisibilityBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Queue } from '../queues';
import type { ScanOptions, Scanned } from './source';
import { inBatches } from '../support/batches';
import type { Clients } from '../support/clients';
import { readDeadLetterMessage, type DeadLetterMessage } from './message';

/** The maximum of SQS for one batch call. */
export const BATCH_SIZE = 10;
/** Visibility timeout of a received message: long enough for one scan not to receive it twice. */
const HIDDEN_SECONDS = 600;
/** Maximum receipt handles kept for the release of messages; they take a few megabytes. */
const MAX_HELD = 20_000;
/** SQS may return no message from a queue that is not empty; with long polling, rarely twice in a row. */
const EMPTY_RESPONSES = 2;

/**
 * Scans a dead-letter queue once and passes matching messages to `handle`, up to ten at a time. Memory is bounded: the
 * scan keeps receipt handles, not messages. It is incomplete if it took so long that its first messages became visible
 * again.
 *
 * At the end, messages that did not match or that `handle` did not remove are released; if this process dies, they
 * become visible again after ten minutes. The alarm of the queue does not count messages in flight.
 *
 * @param handle returns the ids of the messages that it removed from the queue
 */
export async function scan(
  clients: Clients,
  queue: Queue,
  options: ScanOptions,
  handle: (messages: readonly DeadLetterMessage[]) => Promise<ReadonlySet<string>>,
): Promise<Scanned> {
  const { matches, limit = Infinity, signal } = options;
  /** Receipt handles by message id. */
  const held = new Map<string, string>();
  let [matched, notMatched, empty, wrapped] = [0, 0, 0, false];
  const continues = () =>
    matched < limit && held.size < MAX_HELD && empty < EMPTY_RESPONSES && !wrapped && !signal.aborted;
  try {
    while (continues()) {
      const messages = await receive(clients, queue, Math.min(BATCH_SIZE, limit - matched));
      empty = messages.length === 0 ? empty + 1 : 0;
      const fresh = messages.filter(({ id }) => !held.has(id));
      wrapped = fresh.length < messages.length;
      for (const { id, receiptHandle } of messages) {
        held.set(id, receiptHandle);
      }
      const wanted = fresh.filter(matches);
      notMatched += fresh.length - wanted.length;
      matched += wanted.length;
      if (wanted.length === 0) {
        continue;
      }
      for (const removed of await handle(wanted)) {
        held.delete(removed);
      }
    }
  } finally {
    await release(clients, queue, held);
  }
  return { matched, notMatched, incomplete: empty < EMPTY_RESPONSES };
}

async function receive(clients: Clients, queue: Queue, count: number): Promise<DeadLetterMessage[]> {
  const { Messages: messages = [] } = await clients.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages: count,
      VisibilityTimeout: HIDDEN_SECONDS,
      WaitTimeSeconds: 1,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  return messages.map(readDeadLetterMessage);
}

async function release(clients: Clients, queue: Queue, held: ReadonlyMap<string, string>): Promise<void> {
  for (const some of inBatches([...held.values()], BATCH_SIZE)) {
    await clients.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue.url,
        Entries: some.map((receiptHandle, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: 0,
        })),
      }),
    );
  }
}
