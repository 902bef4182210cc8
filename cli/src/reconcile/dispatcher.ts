import { setTimeout as sleep } from 'node:timers/promises';
import { listDispatchers, operate, type Dispatcher } from '../dispatchers';
import type { Part, Pipeline } from '../pipeline';
import type { Clients } from '../support/clients';
import type { ReconcileOptions, Reconciled } from './reconcile';
import type { ObjectRoute } from './routes';

/** The answer of the operator function. */
interface Answer {
  readonly listed: number;
  readonly missing: number;
  readonly examples: readonly string[];
  readonly next?: object;
}

/** Events of one call: a call that fails leaves no more than these uncertain. */
const MAX_EVENTS = 1_000;

/** The dispatcher that the route leads to, if it leads to one. */
export async function dispatcherOf(
  clients: Clients,
  pipeline: Pipeline,
  { targets }: ObjectRoute,
): Promise<Dispatcher | undefined> {
  const isTarget = ({ physicalId }: Part) =>
    targets.some(({ arn }) => arn.split(':').at(-1) === physicalId.split('/').at(-1));
  // Its function, or the queue before it
  const names = [
    ...pipeline.ofType('AWS::Lambda::Function', 'Ingress').filter(isTarget),
    ...pipeline.ofType('AWS::SQS::Queue', 'EventsQueue').filter(isTarget),
  ].map(({ name }) => name);
  return (await listDispatchers(clients, pipeline)).find(({ name }) => names.includes(name));
}

/**
 * The operator function compares the bucket with its table and sends the events, which are registered like any other.
 * An object that is registered is processed by the dispatcher, whatever its status.
 */
export async function reconcileDispatcher(
  clients: Clients,
  dispatcher: Dispatcher,
  { bucket }: ObjectRoute,
  options: ReconcileOptions,
): Promise<Reconciled> {
  const { prefix, modifiedAfter, modifiedBefore, send, rate, limit = Infinity, signal } = options;
  const startedAt = Date.now();
  let [listed, unprocessed] = [0, 0];
  let after: object | undefined;
  do {
    const answer = await operate<Answer>(clients, dispatcher, {
      action: 'reconcile',
      bucket,
      prefix,
      since: modifiedAfter.toISOString(),
      until: modifiedBefore.toISOString(),
      dryRun: !send,
      limit: Math.min(MAX_EVENTS, limit - unprocessed, send ? rate * SECONDS_OF_ONE_CALL : Infinity),
      ...(after !== undefined && { after }),
    });
    listed += answer.listed;
    unprocessed += answer.missing;
    answer.examples.forEach((key) => {
      options.found(key);
    });
    after = answer.next;
    const early = send ? startedAt + (unprocessed / rate) * 1_000 - Date.now() : 0;
    if (early > 0) {
      await sleep(early, undefined, { signal }).catch(() => undefined);
    }
  } while (after !== undefined && unprocessed < limit && !signal.aborted);
  return { listed, unprocessed, sent: send ? unprocessed : 0, failed: 0, incomplete: after !== undefined };
}

const SECONDS_OF_ONE_CALL = 10;
