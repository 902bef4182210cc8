import { S3Client } from '@aws-sdk/client-s3';
import { DispatchFunctionEnv } from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import type { FileEvent } from '../../runtime/dispatch/dispatcher';
import { fileId } from '../../runtime/dispatch/identity';
import { isPaused, LAUNCH_CHECK_MS } from '../../runtime/dispatch/rows';
import { createParts, lazy } from '../shared/dispatch-parts';
import { numberVariable, variable } from '../shared/environment';
import { log } from '../shared/log';
import { listFiles, summaryOf, typeOf } from './files';
import { reconcile } from './reconcile';
import { type OperatorRequest, readRequest } from './request';
import { listSequences, showSequence } from './sequences';
import { checkScope, storedScope } from './scope';

const parts = lazy(() => ({ ...createParts(), s3: new S3Client() }));
const types = lazy(() => JSON.parse(variable(DispatchFunctionEnv.types)) as readonly string[]);

interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** Result of a request; `before` and `after` are for the log. */
interface OperationResult {
  readonly answer: object;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Time reserved for the response and the log. */
const SPARE_MS = 10_000;

/**
 * Executes a request of an operator, and writes an audit line with requester, request, and state before and after.
 *
 * `by` is set by the caller; CloudTrail records the identity of the caller under the same request id.
 *
 * @throws Error for an invalid request, with a message for the caller of the function
 */
export async function handler(input: unknown, context: Context): Promise<object> {
  const request = readRequest(
    input,
    Date.now(),
    Math.floor(numberVariable(DispatchStateEnv.retentionSeconds) / 86_400) - 1,
  );
  const audit = { audit: true, by: request.by, requestId: context.awsRequestId, request };
  try {
    const { answer, before, after } = await operate(request, context);
    log('INFO', 'operator', { ...audit, before, after });
    return answer;
  } catch (error) {
    log('ERROR', 'operator', { ...audit, error: String(error) });
    throw error;
  }
}

async function operate(request: OperatorRequest, context: Context): Promise<OperationResult> {
  const { store, dispatcher } = parts();
  const deadline = Date.now() + context.getRemainingTimeInMillis() - SPARE_MS;
  switch (request.action) {
    case 'list': {
      const { sequence } = request;
      const files = { ...request, ...(sequence !== undefined && { sequence: storedScope(sequence) }) };
      const [found, pauses] = [await listFiles(store, files, Date.now(), deadline), await store.pauses()];
      // Attempts and results of a thousand files would be larger than a response may be
      const listed = found.files.map((file) => ({ ...file, lastAttempts: undefined, result: undefined }));
      return { answer: { ...found, files: listed, paused: pauses?.scopes ?? {} } };
    }
    case 'sequences':
      return { answer: await listSequences(store, request, deadline) };
    case 'sequence': {
      const sequence = storedScope(request.sequence);
      await checkScope(store, sequence, types());
      return { answer: await showSequence(store, sequence, request.limit) };
    }
    case 'show':
      return { answer: { file: (await find(request)) ?? null } };
    case 'redrive':
      return change(request.file, { type: 'redrive' });
    case 'skip':
      return change(request.file, { type: 'discard', reason: request.reason });
    case 'reprocess':
      return change(request.file, { type: 'reprocess', reason: request.reason });
    case 'cancel':
      return cancel(request.file, request.reason);
    case 'pause': {
      const scope = storedScope(request.scope);
      await checkScope(store, scope, types());
      return pause(() => dispatcher.pause(scope, request.reason));
    }
    case 'resume': {
      const scope = storedScope(request.scope);
      await checkScope(store, scope, types(), Object.keys((await store.pauses())?.scopes ?? {}));
      const done = await pause(() => dispatcher.resume(scope));
      await driveResumed(scope, deadline);
      return done;
    }
    case 'drive': {
      const sequence = storedScope(request.sequence);
      await checkScope(store, sequence, types());
      await dispatcher.drive(sequence);
      return { answer: { outcome: 'driven', sequence } };
    }
    case 'reconcile': {
      const answer = await reconcile(
        {
          ...parts(),
          eventQueueUrl: variable(DispatchFunctionEnv.eventQueueUrl),
          id: `reconcile-${context.awsRequestId}`,
          deadline,
        },
        request,
      );
      return { answer, after: answer };
    }
  }
}

async function find(request: Extract<OperatorRequest, { action: 'show' }>) {
  const { store } = parts();
  if ('file' in request) {
    return store.file(request.file);
  }
  const { bucket, key, versionId } = request;
  const id = versionId === undefined ? (await store.key(bucket, key))?.file : fileId({ bucket, key, versionId }, '');
  return id === undefined ? undefined : store.file(id);
}

async function change(id: string, event: FileEvent): Promise<OperationResult> {
  const { store, dispatcher } = parts();
  const before = await store.file(id);
  if (before === undefined) {
    throw new Error(`file ${id} is not registered`);
  }
  const outcome = await dispatcher.apply(id, event);
  const file = await store.file(id);
  return { answer: { outcome, file }, before: summaryOf(before), after: summaryOf(file) };
}

/** The launcher stops the task of the file, if it has one; the file is skipped when the task has stopped. */
async function cancel(id: string, reason: string): Promise<OperationResult> {
  const done = await change(id, { type: 'cancel', reason });
  await parts().wake(id, 0);
  return done;
}

async function pause(action: () => Promise<string>): Promise<OperationResult> {
  const { store } = parts();
  const before = (await store.pauses())?.scopes ?? {};
  const outcome = await action();
  if (outcome === 'refused') {
    throw new Error('too many scopes are paused; resume some of them, or pause their type');
  }
  const after = (await store.pauses())?.scopes ?? {};
  return { answer: { outcome, paused: after }, before, after };
}

/** Continues files after a pause, as far as time allows; the sweeper handles the rest. */
async function driveResumed(scope: string, deadline: number): Promise<void> {
  const { store, dispatcher, wake } = parts();
  const held = { version: 0, scopes: { [scope]: { since: 0, reason: '' } } };
  for await (const id of store.dueFiles(Date.now() + LAUNCH_CHECK_MS)) {
    if (Date.now() > deadline) {
      return;
    }
    const file = await store.file(id);
    if (
      (file?.status === 'starting' || file?.status === 'waiting') &&
      (file.notBefore ?? 0) <= Date.now() &&
      isPaused(held, file)
    ) {
      await wake(id, 0);
    }
  }
  for await (const { sequence } of store.backlog()) {
    if (Date.now() > deadline) {
      return;
    }
    if (isPaused(held, { type: typeOf(sequence), sequence, slots: 1 })) {
      await dispatcher.drive(sequence);
    }
  }
}
