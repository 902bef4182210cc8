import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue, Queue } from '../queues';
import type { Clients } from '../support/clients';
import { destinationOf } from './destination';
import type { DeadLetterMessage } from './message';
import { BATCH_SIZE, scan, type Scanned } from './scan';

export interface OperationOptions {
  readonly matches: (message: DeadLetterMessage) => boolean;
  /** Maximum messages per second. */
  readonly rate: number;
  readonly limit?: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Called with the number of messages done so far. */
  progress(done: number): void;
}

export interface OperationResult extends Scanned {
  /** Redriven or deleted. */
  readonly done: number;
  /** Matched, and still in the queue. */
  readonly failed: number;
}

/** Returns the first matching messages. They are visible again when it returns. */
export async function peek(
  clients: Clients,
  queue: Queue,
  options: Pick<OperationOptions, 'matches' | 'limit' | 'signal'>,
): Promise<Scanned & { readonly messages: DeadLetterMessage[] }> {
  const messages: DeadLetterMessage[] = [];
  const scanned = await scan(clients, queue, options, (some) => {
    messages.push(...some);
    return Promise.resolve(new Set<string>());
  });
  return { ...scanned, messages };
}

/**
 * Sends messages to their destination and then deletes them here. A message that is sent but cannot be deleted is
 * processed twice; no message is lost.
 */
export async function redrive(
  clients: Clients,
  pipeline: Pipeline,
  queue: DeadLetterQueue,
  options: OperationOptions,
): Promise<OperationResult> {
  return removeMatching(clients, queue, options, async (messages) => {
    const arrived = new Set<string>();
    // A dead-letter queue with a source has one destination; undelivered events each name their own target
    for (const some of queue.source === undefined ? messages.map((message) => [message]) : [messages]) {
      const destination = await destinationOf(clients, pipeline, queue, some[0]);
      for (const id of await destination.deliver(some)) {
        arrived.add(id);
      }
    }
    return messages.filter(({ messageId }) => arrived.has(messageId));
  });
}

/** Deletes messages permanently. */
export function purge(clients: Clients, queue: Queue, options: OperationOptions): Promise<OperationResult> {
  return removeMatching(clients, queue, options, (messages) => Promise.resolve(messages));
}

async function removeMatching(
  clients: Clients,
  queue: Queue,
  options: OperationOptions,
  handle: (messages: readonly DeadLetterMessage[]) => Promise<readonly DeadLetterMessage[]>,
): Promise<OperationResult> {
  const { rate, dryRun, signal } = options;
  const startedAt = Date.now();
  let done = 0;
  const scanned = await scan(clients, queue, options, async (messages) => {
    if (dryRun) {
      return new Set();
    }
    const deleted = await remove(clients, queue, await handle(messages));
    done += deleted.size;
    options.progress(done);
    // The rate counts from the start, so that slow calls do not lower it
    const early = startedAt + (done / rate) * 1_000 - Date.now();
    if (early > 0) {
      await sleep(early, undefined, { signal }).catch(() => undefined);
    }
    return deleted;
  });
  return { ...scanned, done, failed: dryRun ? 0 : scanned.matched - done };
}

async function remove(clients: Clients, queue: Queue, messages: readonly DeadLetterMessage[]): Promise<Set<string>> {
  if (messages.length === 0) {
    return new Set();
  }
  const { Successful: deleted = [] } = await clients.sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: queue.url,
      Entries: messages
        .slice(0, BATCH_SIZE)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
    }),
  );
  return new Set(deleted.flatMap(({ Id: id }) => messages[Number(id)]?.messageId ?? []));
}
