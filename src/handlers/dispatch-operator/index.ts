import { createParts, lazy } from '../shared/dispatch-parts';
import { log } from '../shared/log';

const parts = lazy(createParts);
const MaxListed = 1_000;

/** What an operator may ask; the documented input of the function. */
export type OperatorRequest
  = { readonly action: 'list'; readonly type: string; readonly status: 'waiting' | 'blocked' | 'parked'; readonly limit?: number }
    | { readonly action: 'show' | 'redrive'; readonly file: string }
    | { readonly action: 'skip'; readonly file: string; readonly reason: string }
    | { readonly action: 'drive'; readonly sequence: string };

/** @throws Error that says what is wrong with the request; whoever invoked the function reads it */
export async function handler(request: OperatorRequest): Promise<unknown> {
  const { action } = request;
  switch (action) {
    case 'list': return list(request);
    case 'show': return parts().store.file(text(request.file, 'file'));
    case 'redrive': return change(request.file, { type: 'redrive' }, request);
    case 'skip': return change(request.file, { type: 'discard', reason: text(request.reason, 'reason') }, request);
    case 'drive':
      await parts().dispatcher.drive(text(request.sequence, 'sequence'));
      return { outcome: 'driven' };
    default: throw new Error(`action must be one of list, show, redrive, skip and drive, got: ${String(action).slice(0, 100)}`);
  }
}

async function list({ type, status, limit = 100 }: Extract<OperatorRequest, { action: 'list' }>): Promise<unknown> {
  if (!['waiting', 'blocked', 'parked'].includes(status)) throw new Error(`status must be waiting, blocked or parked, got: ${(status as string).slice(0, 100)}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MaxListed) throw new Error(`limit must be a whole number from 1 to ${MaxListed}, got: ${String(limit)}`);
  const files: unknown[] = [];
  for await (const id of parts().store.troubled(text(type, 'type'), status)) {
    files.push(await parts().store.file(id));
    if (files.length === limit) break;
  }
  return { files };
}

type Change = Parameters<ReturnType<typeof createParts>['dispatcher']['apply']>[1];

async function change(file: string, event: Change, request: OperatorRequest): Promise<unknown> {
  const outcome = await parts().dispatcher.apply(text(file, 'file'), event);
  // who asked stands in CloudTrail, under the id of this invocation
  log('INFO', 'operator', { audit: true, request, outcome });
  return { outcome, file: await parts().store.file(file) };
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${name} must be text`);
  return value;
}
