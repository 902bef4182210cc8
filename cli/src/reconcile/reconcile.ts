import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { destinationFor } from '../rerun/destination';
import { inBatches } from '../support/batches';
import type { Clients } from '../support/clients';
import type { Decider } from './decider';
import { listObjects, type ListedObject } from './listing';
import type { ObjectRoute } from './routes';

export interface ReconcileOptions {
  readonly prefix: string;
  readonly modifiedAfter: Date;
  readonly modifiedBefore: Date;
  /** Sends the events of unprocessed objects. */
  readonly send: boolean;
  /** Maximum events per second. */
  readonly rate: number;
  /** Maximum unprocessed objects. */
  readonly limit?: number;
  readonly signal: AbortSignal;
  /** Called for each unprocessed object. */
  found(key: string): void;
}

export interface Reconciled {
  /** Objects of the route and the time range. */
  readonly listed: number;
  readonly unprocessed: number;
  readonly sent: number;
  /** Not sent, and why the first was not. */
  readonly failed: number;
  readonly error?: string;
  /** The bucket was not listed to its end. */
  readonly incomplete: boolean;
}

/** What SQS accepts in one call. */
const BATCH_SIZE = 10;

/** Compares a bucket with what was processed, page by page; memory does not grow with the bucket. */
export async function reconcile(
  clients: Clients,
  route: ObjectRoute,
  decider: Decider,
  options: ReconcileOptions,
): Promise<Reconciled> {
  const { prefix, limit = Infinity, signal } = options;
  const send = options.send ? await sender(clients, route, options) : undefined;
  let [listed, unprocessed, sent] = [0, 0, 0];
  let error: string | undefined;
  let incomplete = false;
  for await (const page of listObjects(clients, route.bucket, prefix)) {
    const candidates = page.filter((object) => inRange(object, options) && route.accepts(object));
    const processed = candidates.length === 0 ? [] : await decider.processed(candidates);
    const missing = candidates.filter((_, index) => !(processed[index] ?? false));
    const taken = missing.slice(0, limit - unprocessed);
    listed += candidates.length;
    unprocessed += taken.length;
    taken.forEach(({ key }) => {
      options.found(key);
    });
    if (send !== undefined) {
      const done = await send(taken);
      sent += done.sent;
      error ??= done.error;
    }
    if (taken.length < missing.length || signal.aborted) {
      incomplete = true;
      break;
    }
  }
  const failed = send === undefined ? 0 : unprocessed - sent;
  return { listed, unprocessed, sent, failed, ...(error !== undefined && { error }), incomplete };
}

const inRange = ({ modified }: ListedObject, { modifiedAfter, modifiedBefore }: ReconcileOptions) =>
  modified >= modifiedAfter && modified <= modifiedBefore;

/** Sends the events of objects to all targets of the route, as the rule does. */
async function sender(clients: Clients, { targets }: ObjectRoute, { rate, signal }: ReconcileOptions) {
  const destinations = await Promise.all(
    targets.map(async (target) => ({ target, destination: await destinationFor(clients, target.arn) })),
  );
  const startedAt = Date.now();
  let all = 0;
  return async (objects: readonly ListedObject[]): Promise<{ readonly sent: number; readonly error?: string }> => {
    let sent = 0;
    let error: string | undefined;
    for (const some of inBatches(objects, BATCH_SIZE)) {
      if (signal.aborted) {
        break;
      }
      const ids = some.map(() => randomUUID());
      const arrived = new Set(ids);
      for (const { target, destination } of destinations) {
        const delivered = await destination.deliver(
          some.map((object, index) => ({
            id: ids[index] ?? '',
            body: target.messageOf(object, ids[index] ?? ''),
            ...(target.groupId !== undefined && { groupId: target.groupId }),
          })),
        );
        ids.filter((id) => !delivered.done.has(id)).forEach((id) => arrived.delete(id));
        error ??= delivered.error;
      }
      sent += arrived.size;
      all += arrived.size;
      // The rate counts from the start, so that slow calls do not lower it
      const early = startedAt + (all / rate) * 1_000 - Date.now();
      if (early > 0) {
        await sleep(early, undefined, { signal }).catch(() => undefined);
      }
    }
    return { sent, ...(error !== undefined && { error }) };
  };
}
