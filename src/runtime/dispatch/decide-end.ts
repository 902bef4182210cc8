import { type Decision, type EventOf } from './events.js';
import {
  type EndedAttempt,
  type FileRow,
  MAX_ATTEMPT_REASON,
  MAX_INTERRUPTION_MS,
  MAX_LAST_ATTEMPTS,
  type QueuedFile,
} from './rows.js';
import { type FileChange, type FileUpdate, type HeadWrite, type Write } from './store.js';
import { backoffDelay } from '../support/backoff.js';

/** Due when the next heartbeat is missing, or when the maximum run time is exceeded. */
export const nextHeartbeatDue = ({ policy, beganAt = 0 }: FileRow, now: number) =>
  Math.min(now + policy.hangTimeoutMs, beganAt + policy.maxRuntimeMs);

const backoffMs = (policy: FileRow['policy'], attempt: number) =>
  backoffDelay(attempt, { base: policy.backoffMs, max: policy.maxBackoffMs, jitter: 'none' });

/** The attempt counts: the file is retried after the backoff, or its attempts are exhausted. */
export function attemptFailed(
  file: FileRow,
  event: Pick<EventOf<'fail'>, 'reason' | 'final' | 'retryAfterMs'> & { readonly worker?: string },
  now: number,
): Decision {
  const { policy, attempts } = file;
  const lastAttempts = withAttempt(file, 'failed', event, now);
  if (file.cancelReason !== undefined) {
    return end(file, { status: 'skipped', reason: file.cancelReason, lastAttempts }, now);
  }
  const ending = {
    reason: event.reason,
    lastAttempts,
    stopReason: undefined,
    interruptedSince: undefined,
    ...(event.worker !== undefined && { worker: event.worker }),
  };
  if (attempts < policy.maxAttempts && event.final !== true) {
    const notBefore = now + (event.retryAfterMs ?? backoffMs(policy, attempts));
    return changed(update(file, { ...ending, status: 'waiting', notBefore, dueAt: notBefore }, now));
  }
  // A blocked file keeps its slot: the sequence stays blocked until an operator acts
  return policy.exhausted === 'block'
    ? changed(update(file, { ...ending, status: 'blocked', dueAt: undefined }, now))
    : end(file, { ...ending, status: 'parked' }, now);
}

/**
 * A running worker was interrupted by its host: the attempt does not count, but it uses up the time that interruptions
 * may take. If the dispatcher stopped the worker, the attempt counts.
 */
export function attemptInterrupted(file: FileRow, reason: string, now: number): Decision {
  if (file.status !== 'running') {
    return attemptVoid(file, reason, now);
  }
  if (file.cancelReason !== undefined || file.stopReason !== undefined) {
    return attemptFailed(file, { reason: file.stopReason ?? reason }, now);
  }
  const { attempts, interruptions, policy, interruptedSince = now } = file;
  const lastAttempts = withAttempt(file, 'interrupted', { reason }, now);
  const { maxInterruptionMs = MAX_INTERRUPTION_MS } = policy;
  if (now - interruptedSince < maxInterruptionMs) {
    return attemptVoid(file, reason, now, { interruptedSince, lastAttempts });
  }
  return changed(
    update(
      file,
      {
        status: 'blocked',
        attempts: attempts - 1,
        interruptions: interruptions + 1,
        lastAttempts,
        dueAt: undefined,
        reason: `interrupted again ${Math.floor((now - interruptedSince) / 60_000)} minutes after the first time: ${reason}`,
      },
      now,
    ),
  );
}

/** Launches that were refused are left out: they are repeated without limit, and no worker began. */
export function withAttempt(
  { epoch, worker, log, beganAt, lastAttempts = [] }: FileRow,
  outcome: EndedAttempt['outcome'],
  event: { readonly reason: string; readonly worker?: string },
  now: number,
): readonly EndedAttempt[] {
  const by = event.worker ?? worker;
  const attempt: EndedAttempt = {
    epoch,
    outcome,
    ...(by !== undefined && { worker: by }),
    ...(log !== undefined && { log }),
    ...(beganAt !== undefined && { beganAt }),
    endedAt: now,
    reason: event.reason.slice(0, MAX_ATTEMPT_REASON),
  };
  return [...lastAttempts, attempt].slice(-MAX_LAST_ATTEMPTS);
}

/** The attempt does not count: the container could not run to its end. */
export function attemptVoid(file: FileRow, reason: string, now: number, more: Partial<FileRow> = {}): Decision {
  const { policy } = file;
  if (file.cancelReason !== undefined) {
    return end(file, { status: 'skipped', reason: file.cancelReason }, now);
  }
  const notBefore = now + backoffMs(policy, file.interruptions + 1);
  return changed(
    update(
      file,
      {
        ...more,
        status: 'waiting',
        attempts: file.attempts - 1,
        interruptions: file.interruptions + 1,
        notBefore,
        dueAt: notBefore,
        reason,
      },
      now,
    ),
  );
}

/** An operator must act: the file is blocked, whatever its attempts. */
export function launchImpossible(file: FileRow, reason: string, now: number): Decision {
  return file.cancelReason === undefined
    ? changed(update(file, { status: 'blocked', attempts: file.attempts - 1, dueAt: undefined, reason }, now))
    : end(file, { status: 'skipped', reason: file.cancelReason }, now);
}

export const changed = (...writes: Write[]): Decision => ({ outcome: 'changed', writes });

export const update = (file: QueuedFile, change: FileChange, now: number): FileUpdate => ({
  kind: 'update',
  file,
  change: { ...change, updatedAt: now },
});

/** The conditional write of the head that the file holds; empty if it holds none. */
export function headOf(file: FileRow, change: HeadWrite['change']): HeadWrite[] {
  if (file.sequence === undefined || file.slot === undefined || file.fence === undefined) {
    return [];
  }
  return [
    { kind: 'head', sequence: file.sequence, slot: file.slot, seen: { version: file.fence, holder: file.id }, change },
  ];
}

/** Sets a terminal status and frees the slot. */
export function end(file: FileRow, change: FileChange, now: number): Decision {
  return changed(
    ...headOf(file, { holder: undefined }),
    update(file, { ...change, slot: undefined, dueAt: undefined, notBefore: undefined }, now),
  );
}
