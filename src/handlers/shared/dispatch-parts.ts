import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DispatchFunctionEnv, type DispatchWake } from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import { SqsLimits } from '../../contract/service-limits';
import { sqsEndpoint } from '../../contract/sqs-endpoint';
import { Dispatcher } from '../../runtime/dispatch/dispatcher';
import type { DispatcherOptions } from '../../runtime/dispatch/dispatcher-options';
import type { Limits } from '../../runtime/dispatch/limits';
import type { PostgresStore } from '../../runtime/dispatch/postgres/postgres-store';
import type { DispatchStore } from '../../runtime/dispatch/store';
import { variable } from './environment';
import { turnSource } from './turn-source';

export interface DispatchParts {
  readonly sqs: SQSClient;
  readonly store: DispatchStore;
  /** The same store if rows are in a PostgreSQL database, which needs explicit expiry and counting. */
  readonly database?: PostgresStore;
  readonly dispatcher: Dispatcher;
  readonly wake: DispatcherOptions['wake'];
}

/** Shared components of the dispatcher's functions, created once for all invocations. */
export function createParts(): DispatchParts {
  const sqs = new SQSClient(sqsEndpoint(process.env));
  const { store, database } = turnSource();
  const wakeQueueUrl = variable(DispatchStateEnv.wakeQueueUrl);
  const wake = async (file: string, delayMs: number) => {
    const delaySeconds = Math.ceil(Math.max(0, delayMs) / 1_000);
    // Longer delays than SQS supports are left to the sweeper
    if (delaySeconds > SqsLimits.maxDelaySeconds) {
      return;
    }
    const body: DispatchWake = { file };
    await sqs.send(
      new SendMessageCommand({ QueueUrl: wakeQueueUrl, MessageBody: JSON.stringify(body), DelaySeconds: delaySeconds }),
    );
  };
  const dispatcher = new Dispatcher({
    store,
    wake,
    limits: JSON.parse(variable(DispatchFunctionEnv.limits)) as Limits,
  });
  return { sqs, store, ...(database && { database }), wake, dispatcher };
}

/** Creates a value at its first use, so that a missing variable fails the invocation, which is logged and retried. */
export function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
