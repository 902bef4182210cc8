import { decideArrival, decideRemoval } from './decide-arrival.js';
import { decideGroupings } from './decide-grouping.js';
import { type Decision, type DispatchEvent, type DispatchState, type EventOf, type FreePlace } from './events.js';
import { type FileRow, isPaused, keepsPlace, LAUNCH_CHECK_MS, MAX_PAUSES, type PauseRow } from './rows.js';
import {
  attemptFailed,
  attemptInterrupted,
  attemptVoid,
  changed,
  end,
  headOf,
  launchImpossible,
  nextHeartbeatDue,
  update,
  withAttempt,
} from './decide-end.js';
import { type HeadWrite } from './store.js';

/** Interval after which a task that was requested to stop is checked again. */
const STOP_CHECK_MS = 60_000;

const refused: Decision = { outcome: 'refused', writes: [] };
const kept: Decision = { outcome: 'kept', writes: [] };
const paused: Decision = { outcome: 'paused', writes: [] };

/**
 * The dispatch protocol: the writes for an event, given the rows that were read. A pure function; `now` only determines
 * the time of the next check.
 *
 * Each write is conditional on the row that was read. After a lost race, the caller reads and decides again.
 */
export function decide(state: DispatchState, event: DispatchEvent, now: number): Decision {
  if (event.type === 'arrive') {
    return decideArrival(state, event.arrival, now);
  }
  if (event.type === 'remove') {
    return decideRemoval(state, event, now);
  }
  if (event.type === 'claim') {
    return decideClaim(state, event.slot, now);
  }
  if (event.type === 'pause' || event.type === 'resume') {
    return decidePause(state.pauses, event, now);
  }
  if (event.type === 'regroup') {
    return decideGroupings(state.pauses, event, now);
  }
  if (event.type === 'retry' && state.file !== undefined && isPaused(state.pauses, state.file)) {
    return paused;
  }
  return state.file === undefined ? refused : decideFile(state.file, event, now);
}

function decideFile(
  file: FileRow,
  event: Exclude<DispatchEvent, EventOf<'arrive' | 'remove' | 'claim' | 'pause' | 'resume' | 'regroup'>>,
  now: number,
): Decision {
  switch (event.type) {
    case 'begin':
      return decideBegin(file, event, now);
    case 'heartbeat':
      return isCurrent(file, event) && file.cancelReason === undefined
        ? { outcome: 'kept', writes: [update(file, { status: 'running', dueAt: nextHeartbeatDue(file, now) }, now)] }
        : refused;
    case 'complete':
      return isCurrent(file, event)
        ? end(
            file,
            { status: 'completed', result: event.result, ...(event.reason !== undefined && { reason: event.reason }) },
            now,
          )
        : alreadyEnded(file, event, 'completed');
    case 'skip':
      return isCurrent(file, event)
        ? end(file, { status: 'skipped', reason: event.reason }, now)
        : alreadyEnded(file, event, 'skipped');
    case 'fail':
      return isCurrent(file, event) ? attemptFailed(file, event, now) : alreadyOver(file, event);
    case 'stopped':
      return isOver(file, event) ? attemptFailed(file, event, now) : refused;
    case 'interrupt':
      return isOver(file, event)
        ? attemptInterrupted(file, event.reason, now)
        : event.worker === undefined
          ? refused
          : alreadyOver(file, { epoch: event.epoch, worker: event.worker });
    case 'refuse':
      return hasNotBegun(file, event) ? attemptVoid(file, event.reason, now) : refused;
    case 'misconfigured':
      return hasNotBegun(file, event) ? launchImpossible(file, event.reason, now) : refused;
    case 'postpone':
      return decidePostpone(file, event, now);
    case 'stop':
      return decideStop(file, event, now);
    case 'retry':
      return decideRetry(file, now);
    case 'redrive':
      return file.status === 'parked' || file.status === 'blocked' ? launchAgain(file, {}, now) : refused;
    case 'reprocess':
      return file.status === 'completed'
        ? launchAgain(file, { lastAttempts: withAttempt(file, 'completed', event, now) }, now)
        : refused;
    case 'discard':
      return decideDiscard(file, event.reason, now);
    case 'cancel':
      return decideCancel(file, event.reason, now);
  }
}

/**
 * The first file of the queue takes a free slot. The version of the head confirms that the slot was not claimed since
 * the queue was read.
 */
function decideClaim({ queued, head, pauses, places = [] }: DispatchState, slot: number, now: number): Decision {
  if (queued?.sequence === undefined || queued.status !== 'queued' || head?.holder !== undefined) {
    return refused;
  }
  if (!places.every(isFreePlace)) {
    return refused;
  }
  if (isPaused(pauses, queued)) {
    return paused;
  }
  if ((queued.notBefore ?? 0) > now) {
    return { outcome: 'early', writes: [] };
  }
  // A redriven file keeps its fencing token, which may be greater than the version of this slot
  const version = Math.max(head?.version ?? 0, queued.fence ?? 0) + 1;
  const last = head?.last === undefined || head.last < queued.order ? queued.order : head.last;
  return changed(
    {
      kind: 'head',
      sequence: queued.sequence,
      slot,
      ...(head && { seen: { version: head.version } }),
      change: { version, holder: queued.id, last },
    },
    ...places.map(({ limit, place, head: seen }): HeadWrite => ({
      kind: 'head',
      sequence: limit,
      slot: place,
      ...(seen && { seen: { version: seen.version, ...(seen.holder !== undefined && { holder: seen.holder }) } }),
      change: { version: (seen?.version ?? 0) + 1, holder: queued.id },
    })),
    update(
      queued,
      {
        status: 'starting',
        epoch: queued.epoch + 1,
        attempts: queued.attempts + 1,
        slot,
        fence: version,
        notBefore: undefined,
        dueAt: now + LAUNCH_CHECK_MS,
      },
      now,
    ),
  );
}

/**
 * No file holds the place, or one that no longer runs. If that one takes the place again, it increments the version of
 * the place, and this claim fails.
 */
const isFreePlace = ({ head, ended }: FreePlace): boolean =>
  head?.holder === undefined || (ended !== undefined && ended.id === head.holder && !keepsPlace(ended.status));

/**
 * Paused files are not claimed, retried or launched; running files continue. A pause is equivalent to a slow
 * dispatcher, so it preserves all safety properties; only the completion of files is delayed until the resume.
 */
function decidePause(seen: PauseRow | undefined, event: EventOf<'pause' | 'resume'>, now: number): Decision {
  const others = Object.entries(seen?.scopes ?? {}).filter(([scope]) => scope !== event.scope);
  const isPausedNow = others.length < Object.keys(seen?.scopes ?? {}).length;
  if (isPausedNow === (event.type === 'pause')) {
    return kept;
  }
  if (event.type === 'pause' && others.length >= MAX_PAUSES) {
    return refused;
  }
  const scopes = Object.fromEntries(
    event.type === 'pause' ? [...others, [event.scope, { since: now, reason: event.reason }]] : others,
  ) as PauseRow['scopes'];
  return changed({
    kind: 'pause',
    row: { ...seen, version: (seen?.version ?? 0) + 1, scopes },
    ...(seen && { seen: seen.version }),
  });
}

/** Provides the mutual exclusion: of all tasks launched for a claim, one begins. */
function decideBegin(file: FileRow, { epoch, worker, log }: EventOf<'begin'>, now: number): Decision {
  if (file.status === 'running' && file.epoch === epoch && file.worker === worker) {
    return kept;
  }
  if (!hasNotBegun(file, { epoch }) || file.cancelReason !== undefined) {
    return refused;
  }
  return changed(
    update(
      file,
      {
        status: 'running',
        worker,
        ...(log !== undefined && { log }),
        beganAt: now,
        reason: undefined,
        dueAt: now + file.policy.hangTimeoutMs,
      },
      now,
    ),
  );
}

/**
 * Postpones the next check of a due file. `updatedAt` is not changed, because it is the time at which the status began.
 */
function decidePostpone(file: FileRow, { afterMs }: EventOf<'postpone'>, now: number): Decision {
  if (file.status !== 'starting' && file.status !== 'running') {
    return refused;
  }
  const dueAt = now + (afterMs ?? (file.status === 'starting' ? LAUNCH_CHECK_MS : STOP_CHECK_MS));
  return { outcome: 'kept', writes: [{ kind: 'update', file, change: { status: file.status, dueAt } }] };
}

/**
 * Recorded before the worker is requested to stop: its end then counts as an attempt, even if the worker reports an
 * interruption.
 */
function decideStop(file: FileRow, event: EventOf<'stop'>, now: number): Decision {
  if (!isCurrent(file, event)) {
    return refused;
  }
  const change = { status: file.status, stopReason: event.reason, dueAt: now + STOP_CHECK_MS };
  return { outcome: 'kept', writes: [{ kind: 'update', file, change }] };
}

/** The file keeps its slot while it waits; the head's version grows, and with it the fencing token. */
function decideRetry(file: FileRow, now: number): Decision {
  if (file.status !== 'waiting') {
    return refused;
  }
  if ((file.notBefore ?? 0) > now) {
    return { outcome: 'early', writes: [] };
  }
  const launch = {
    status: 'starting',
    epoch: file.epoch + 1,
    attempts: file.attempts + 1,
    worker: undefined,
    log: undefined,
    beganAt: undefined,
    notBefore: undefined,
    dueAt: now + LAUNCH_CHECK_MS,
  } as const;
  if (file.fence === undefined) {
    return changed(update(file, launch, now));
  }
  const version = file.fence + 1;
  return changed(...headOf(file, { version }), update(file, { ...launch, fence: version }, now));
}

/** An operator queues the file again. Epoch and fence stay, so that the next launch has greater ones. */
function launchAgain(file: FileRow, more: Pick<FileRow, 'lastAttempts'>, now: number): Decision {
  const fresh = {
    ...more,
    attempts: 0,
    worker: undefined,
    log: undefined,
    beganAt: undefined,
    slot: undefined,
    notBefore: undefined,
    dueAt: undefined,
    reason: undefined,
    stopReason: undefined,
    cancelReason: undefined,
    interruptedSince: undefined,
  } as const;
  if (file.sequence === undefined) {
    return changed(
      update(
        file,
        { ...fresh, status: 'starting', epoch: file.epoch + 1, attempts: 1, dueAt: now + LAUNCH_CHECK_MS },
        now,
      ),
    );
  }
  return changed(...headOf(file, { holder: undefined }), update(file, { ...fresh, status: 'queued' }, now));
}

function decideDiscard(file: FileRow, reason: string, now: number): Decision {
  if (file.status === 'skipped') {
    return kept;
  }
  const allowed =
    file.status === 'queued' || file.status === 'waiting' || file.status === 'blocked' || file.status === 'parked';
  return allowed ? end(file, { status: 'skipped', reason }, now) : refused;
}

/**
 * Like a discard, for every file. One that was launched keeps its slot until its task has ended, because another one
 * may not run beside it; a task that completes its file before it is stopped has completed it.
 */
function decideCancel(file: FileRow, reason: string, now: number): Decision {
  if (file.status !== 'starting' && file.status !== 'running') {
    return decideDiscard(file, reason, now);
  }
  return file.cancelReason === undefined
    ? changed({ kind: 'update', file, change: { status: file.status, cancelReason: reason } })
    : kept;
}

const isCurrent = (file: FileRow, { epoch, worker }: { epoch: number; worker: string }) =>
  file.status === 'running' && file.epoch === epoch && file.worker === worker;
const hasNotBegun = (file: FileRow, { epoch }: { epoch: number }) => file.status === 'starting' && file.epoch === epoch;

/**
 * Whether the current attempt has ended. Once a task has begun, only evidence about that task counts: after the client
 * token expired, ECS may have started a second task, whose end is no evidence about the first.
 */
const isOver = (file: FileRow, evidence: { epoch: number; worker?: string }) =>
  hasNotBegun(file, evidence) ||
  (evidence.worker !== undefined && isCurrent(file, { epoch: evidence.epoch, worker: evidence.worker }));

/** A container that repeats its final call, because it did not receive the response, gets a success. */
const alreadyEnded = (
  file: FileRow,
  { epoch, worker }: { epoch: number; worker: string },
  status: FileRow['status'],
): Decision => (file.status === status && file.epoch === epoch && file.worker === worker ? kept : refused);

/** The same for an attempt that failed or was interrupted, whose file is not launched again yet. */
const alreadyOver = (file: FileRow, { epoch, worker }: { epoch: number; worker: string }): Decision =>
  (file.status === 'waiting' || file.status === 'blocked' || file.status === 'parked') &&
  file.epoch === epoch &&
  file.worker === worker
    ? kept
    : refused;
