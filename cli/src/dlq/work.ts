import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue, Queue } from '../queues';
import type { Clients } from '../support/clients';
import { destinationOf } from './destination';
import type { Letter } from './letter';
import { BATCH_SIZE, scan, type Scanned, type Taken } from './scan';

export interface WorkOptions {
  readonly matches: (letter: Letter) => boolean;
  /** Messages in a second. */
  readonly rate: number;
  readonly limit?: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Hears how many are done. */
  progress(done: number): void;
}

export interface WorkDone extends Scanned {
  /** Redriven or deleted. */
  readonly done: number;
  /** Matched, and still in the queue. */
  readonly failed: number;
}

/** The first messages that match; they are visible again when this returns. */
export async function look(
  clients: Clients,
  queue: Queue,
  options: Pick<WorkOptions, 'matches' | 'limit' | 'signal'>,
): Promise<Scanned & { readonly letters: Letter[] }> {
  const letters: Letter[] = [];
  const scanned = await scan(clients, queue, options, (some) => {
    letters.push(...some);
    return Promise.resolve(new Set<string>());
  });
  return { ...scanned, letters };
}

/**
 * Sends messages to where they were to go, and then deletes them: one that is sent and cannot be deleted is done twice,
 * none is lost.
 */
export async function redrive(
  clients: Clients,
  pipeline: Pipeline,
  queue: DeadLetterQueue,
  options: WorkOptions,
): Promise<WorkDone> {
  return work(clients, queue, options, async (letters) => {
    const arrived = new Set<string>();
    // What failed in one queue goes back to it; of events that could not be delivered, each names its own target
    for (const some of queue.source === undefined ? letters.map((letter) => [letter]) : [letters]) {
      const destination = await destinationOf(clients, pipeline, queue, some[0]);
      for (const id of await destination.deliver(some)) {
        arrived.add(id);
      }
    }
    return letters.filter(({ messageId }) => arrived.has(messageId));
  });
}

/** Deletes messages for good. */
export function purge(clients: Clients, queue: Queue, options: WorkOptions): Promise<WorkDone> {
  return work(clients, queue, options, (letters) => Promise.resolve(letters));
}

async function work(
  clients: Clients,
  queue: Queue,
  options: WorkOptions,
  handle: (letters: Taken) => Promise<Taken>,
): Promise<WorkDone> {
  const { rate, dryRun, signal } = options;
  const startedAt = Date.now();
  let done = 0;
  const scanned = await scan(clients, queue, options, async (letters) => {
    if (dryRun) {
      return new Set();
    }
    const deleted = await remove(clients, queue, await handle(letters));
    done += deleted.size;
    options.progress(done);
    // As many as the time so far allows, however long the calls took
    const early = startedAt + (done / rate) * 1_000 - Date.now();
    if (early > 0) {
      await sleep(early, undefined, { signal }).catch(() => undefined);
    }
    return deleted;
  });
  return { ...scanned, done, failed: dryRun ? 0 : scanned.matched - done };
}

async function remove(clients: Clients, queue: Queue, letters: readonly Letter[]): Promise<Set<string>> {
  if (letters.length === 0) {
    return new Set();
  }
  const { Successful: deleted = [] } = await clients.sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: queue.url,
      Entries: letters
        .slice(0, BATCH_SIZE)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
    }),
  );
  return new Set(deleted.flatMap(({ Id: id }) => letters[Number(id)]?.messageId ?? []));
}
