import { ChangeMessageVisibilityBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Queue } from '../queues';
import { inBatches } from '../support/batches';
import type { Clients } from '../support/clients';
import { readLetter, type Letter } from './letter';

/** SQS gives and takes at most so many at once. */
export const BATCH_SIZE = 10;
/** A message that was looked at is hidden so long, so that a scan sees it once. */
const HIDDEN_SECONDS = 600;
/** Receipts of hidden messages are kept to give them back: so many are a few megabytes. */
const MAX_HELD = 20_000;
/** SQS may answer with nothing although there is something; not so often in a row when it waits for messages. */
const EMPTY_ANSWERS = 2;

export type Taken = readonly Letter[];

export interface ScanOptions {
  readonly matches: (letter: Letter) => boolean;
  /** Matching messages at most. Default: all. */
  readonly limit?: number;
  readonly signal: AbortSignal;
}

export interface Scanned {
  readonly matched: number;
  readonly passedOver: number;
  /**
   * Not everything was looked at: the scan was stopped, found enough, or took so long that what it had seen first came
   * again.
   */
  readonly incomplete: boolean;
}

/**
 * Goes once through a dead-letter queue and gives what matches to `take`, up to ten at a time. What it keeps is
 * bounded: receipts, not messages.
 *
 * Messages that `take` does not say it removed become visible again at the end, and so do those that did not match; if
 * this process dies, after ten minutes.
 * While they are hidden, the alarm of the queue does not count them.
 *
 * @param take returns the ids of messages that are not in the queue any more
 */
export async function scan(
  clients: Clients,
  queue: Queue,
  options: ScanOptions,
  take: (letters: Taken) => Promise<ReadonlySet<string>>,
): Promise<Scanned> {
  const { matches, limit = Infinity, signal } = options;
  /** Receipt handles by message id. */
  const held = new Map<string, string>();
  let [matched, passedOver, empty, cameAround] = [0, 0, 0, false];
  const goesOn = () =>
    matched < limit && held.size < MAX_HELD && empty < EMPTY_ANSWERS && !cameAround && !signal.aborted;
  try {
    while (goesOn()) {
      const letters = await receive(clients, queue, Math.min(BATCH_SIZE, limit - matched));
      empty = letters.length === 0 ? empty + 1 : 0;
      const fresh = letters.filter(({ messageId }) => !held.has(messageId));
      cameAround = fresh.length < letters.length;
      for (const { messageId, receiptHandle } of letters) {
        held.set(messageId, receiptHandle);
      }
      const wanted = fresh.filter(matches);
      passedOver += fresh.length - wanted.length;
      matched += wanted.length;
      if (wanted.length === 0) {
        continue;
      }
      for (const removed of await take(wanted)) {
        held.delete(removed);
      }
    }
  } finally {
    await giveBack(clients, queue, held);
  }
  return { matched, passedOver, incomplete: empty < EMPTY_ANSWERS };
}

async function receive(clients: Clients, queue: Queue, count: number): Promise<Letter[]> {
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
  return messages.map(readLetter);
}

async function giveBack(clients: Clients, queue: Queue, held: ReadonlyMap<string, string>): Promise<void> {
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
