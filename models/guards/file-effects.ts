import type { Effect } from './rule.ts';

export const LAUNCH_CHECK = 15 * 60_000;
export const STOP_CHECK = 60_000;

const backoff = (file: { policy: { backoffMs: number; maxBackoffMs: number } }, attempt: number) =>
  Math.min(file.policy.backoffMs * 2 ** (attempt - 1), file.policy.maxBackoffMs);

export const reason: Effect = { text: 'reason', fields: ({ event }) => ({ reason: event.reason }) };
export const endedWorker: Effect = {
  text: 'worker, if the event has one',
  fields: ({ event }) => (event.worker === undefined ? {} : { worker: event.worker }),
};
const MAX_ATTEMPTS = 10;
const MAX_REASON = 300;
/** The reason of a stop that was recorded is that of the attempt, too. */
const attempt = (outcome: 'failed' | 'interrupted' | 'completed', text: string): Effect => ({
  text,
  fields: ({ file, event, now }) => {
    const worker = (outcome === 'failed' && event.type !== 'interrupt' ? event.worker : undefined) ?? file.worker;
    const why = (outcome === 'failed' && event.type === 'interrupt' ? file.stopReason : undefined) ?? event.reason;
    const ended = {
      epoch: file.epoch,
      outcome,
      ...(worker === undefined ? {} : { worker }),
      ...(file.log === undefined ? {} : { log: file.log }),
      ...(file.beganAt === undefined ? {} : { beganAt: file.beganAt }),
      endedAt: now,
      reason: (why ?? '').slice(0, MAX_REASON),
    };
    const all = [...(file.lastAttempts ?? []), ended];
    return { lastAttempts: all.slice(Math.max(0, all.length - MAX_ATTEMPTS)) };
  },
});
export const failedAttempt = attempt('failed', 'the attempt is kept, of the last ten');
export const completedAttempt = attempt('completed', 'the completed attempt is kept, of the last ten');
export const interruptedAttempt = attempt('interrupted', 'the interrupted attempt is kept, of the last ten');
export const noCheck: Effect = { text: 'no check', fields: () => ({ dueAt: undefined }) };
export const launchCheck: Effect = {
  text: 'checked after 15 minutes',
  fields: ({ now }) => ({ dueAt: now + LAUNCH_CHECK }),
};
export const newEpoch: Effect = { text: 'epoch + 1', fields: ({ file }) => ({ epoch: file.epoch + 1 }) };
export const countAttempt: Effect = { text: 'attempts + 1', fields: ({ file }) => ({ attempts: file.attempts + 1 }) };
export const uncountAttempt: Effect = { text: 'attempts - 1', fields: ({ file }) => ({ attempts: file.attempts - 1 }) };
export const noWorker: Effect = {
  text: 'no worker',
  fields: () => ({ worker: undefined, log: undefined, beganAt: undefined }),
};
export const noDelay: Effect = { text: 'no delay', fields: () => ({ notBefore: undefined }) };
export const retryLater: Effect = {
  text: 'retried after the delay of the event, or backoff × 2^(attempts - 1)',
  fields: ({ file, event, now }) => {
    const at = now + (event.retryAfterMs ?? backoff(file, file.attempts));
    return { notBefore: at, dueAt: at };
  },
};
export const interrupted: Effect = {
  text: 'interruptions + 1, retried after backoff × 2^interruptions',
  fields: ({ file, now }) => {
    const at = now + backoff(file, file.interruptions + 1);
    return { interruptions: file.interruptions + 1, notBefore: at, dueAt: at };
  },
};
export const since: Effect = {
  text: 'since the first interruption',
  fields: ({ file, now }) => ({ interruptedSince: file.interruptedSince ?? now }),
};
export const noInterruptions: Effect = {
  text: 'no stop, no interruption since',
  fields: () => ({ stopReason: undefined, interruptedSince: undefined }),
};
export const stopReason: Effect = { text: 'reason of the stop', fields: ({ file }) => ({ reason: file.stopReason }) };
export const lastInterruption: Effect = {
  text: 'interruptions + 1, reason with the time since the first',
  fields: ({ file, event, now }) => ({
    interruptions: file.interruptions + 1,
    reason: `interrupted again ${Math.floor((now - (file.interruptedSince ?? now)) / 60_000)} minutes after the first time: ${event.reason ?? ''}`,
  }),
};
export const freesSlot: Effect = {
  text: 'its slot is free',
  fields: () => ({ slot: undefined }),
  rows: ({ file: { id, sequence, slot, fence } }) =>
    sequence === undefined || slot === undefined || fence === undefined
      ? []
      : [{ kind: 'head', sequence, slot, seen: { version: fence, holder: id }, change: { holder: undefined } }],
};
export const newFence: Effect = {
  text: 'fence + 1 and version of the slot + 1',
  fields: ({ file: { fence } }) => (fence === undefined ? {} : { fence: fence + 1 }),
  rows: ({ file: { id, sequence, slot, fence } }) =>
    sequence === undefined || slot === undefined || fence === undefined
      ? []
      : [{ kind: 'head', sequence, slot, seen: { version: fence, holder: id }, change: { version: fence + 1 } }],
};
export const noReason: Effect = { text: 'no reason', fields: () => ({ reason: undefined }) };
export const attempts = (count: number): Effect => ({
  text: `attempts = ${count}`,
  fields: () => ({ attempts: count }),
});
export const updated: Effect = { text: 'updatedAt', fields: ({ now }) => ({ updatedAt: now }) };
export const ended = [freesSlot, noCheck, noDelay, updated];

export const result: Effect = {
  text: 'result, or the reason why there is none',
  fields: ({ event }) => ({ result: event.result, ...(event.reason !== undefined && { reason: event.reason }) }),
};
