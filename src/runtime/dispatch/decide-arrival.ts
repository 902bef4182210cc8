import { type Arrival, type Decision, type DispatchEvent, type DispatchState } from './events.js';
import { isOlder } from './identity.js';
import { appendedOrder } from './order.js';
import { type FileObject, type FileRow, type FileStatus, type KeyRow, LAUNCH_CHECK_MS } from './rows.js';
import { type FileUpdate, type HeadWrite, type KeyWrite, type Write } from './store.js';

type Removal = Extract<DispatchEvent, { type: 'remove' }>;

/** Registers a file once, regardless of duplicates and order of events. */
export function decideArrival(state: DispatchState, arrival: Arrival, now: number): Decision {
  if (state.file !== undefined) {
    return { outcome: 'kept', writes: [] };
  }
  const { sequencer } = arrival.object;
  const tracked = arrival.overwrite === 'latest';
  if (tracked && sequencer !== undefined && sequencer === state.key?.created) {
    return { outcome: 'kept', writes: [] };
  }
  // The sequencers in a key row only grow, so these two decisions need no condition on it
  if (tracked && isOlder(sequencer, state.key?.deleted)) {
    return changed(insert(arrival, now, 'skipped', { reason: 'deleted before it was registered' }));
  }
  if (tracked && isOlder(sequencer, state.key?.created)) {
    return changed(insert(arrival, now, 'skipped', { reason: 'overwritten before it was registered' }));
  }
  if (tracked && isListedAgain(state, arrival)) {
    return { outcome: 'kept', writes: [] };
  }
  if (tracked && isSameObject(state, arrival)) {
    return { outcome: 'kept', writes: [adopted(state, sequencer, now)] };
  }
  const key = tracked ? [newestOf(state.key, arrival, now), ...supersede(state.latest, now, 'overwritten')] : [];
  if (arrival.sequence === undefined) {
    return changed(insert(arrival, now, 'starting', { epoch: 1, attempts: 1, dueAt: now + LAUNCH_CHECK_MS }), ...key);
  }
  return changed(...placed(state, { ...arrival, sequence: arrival.sequence }, now), ...key);
}

/**
 * The object was deleted: a queued file is skipped. The container of a started file detects the deletion itself.
 *
 * With a version id, that version was deleted; without one, everything of the key up to the sequencer of the delete.
 */
export function decideRemoval(
  state: DispatchState,
  { object, correlationId, version }: Removal,
  now: number,
): Decision {
  if (object.versionId !== undefined) {
    if (state.file === undefined && version !== undefined) {
      return changed(deletedFirst(version, object, correlationId, now));
    }
    const writes = supersede(state.file, now, 'deleted');
    return { outcome: writes.length > 0 ? 'changed' : 'kept', writes };
  }
  if (object.sequencer === undefined) {
    return { outcome: 'refused', writes: [] };
  }
  if (state.key?.deleted !== undefined && !isOlder(state.key.deleted, object.sequencer)) {
    return { outcome: 'kept', writes: [] };
  }
  const { bucket, key } = object;
  const row: KeyRow = {
    ...state.key,
    bucket,
    key,
    version: (state.key?.version ?? 0) + 1,
    deleted: object.sequencer,
    updatedAt: now,
  };
  const superseded = isOlder(state.latest?.object.sequencer, object.sequencer)
    ? supersede(state.latest, now, 'deleted')
    : [];
  return changed(keyWrite(state.key, row), ...superseded);
}

/** The version was deleted before it was registered: its row keeps the later event from starting it. */
function deletedFirst(
  { id, type, policy }: NonNullable<Removal['version']>,
  object: FileObject,
  correlationId: string,
  now: number,
): Write {
  const arrival = {
    id,
    type,
    policy,
    object,
    correlationId,
    slots: 0,
    order: '',
    late: 'run-next',
    overwrite: 'each',
  } as const;
  return insert(arrival, now, 'skipped', { reason: 'deleted before it was registered' });
}

/**
 * Inserts the file into its sequence. Unless late files run next, the head must be unchanged since the read. If the
 * head is free, its version is incremented, because a claim that has already read the queue would overtake this file.
 */
function placed(
  { head, lastQueued }: DispatchState,
  arrival: Arrival & { readonly sequence: string },
  now: number,
): Write[] {
  if (arrival.late === 'run-next') {
    return [insert(arrival, now, 'queued')];
  }
  const { sequence } = arrival;
  const late = head?.last !== undefined && arrival.order < head.last;
  const append = late && arrival.late === 'append';
  const appended = (head?.appended ?? 0) + 1;
  const moved: HeadWrite['change'] = {
    ...(head?.holder === undefined && { version: (head?.version ?? 0) + 1 }),
    ...(append && { appended }),
  };
  const write: HeadWrite = {
    kind: 'head',
    sequence,
    slot: 0,
    ...(head && { seen: { version: head.version, ...(head.holder !== undefined && { holder: head.holder }) } }),
    ...(Object.keys(moved).length > 0 && { change: moved }),
  };
  if (!late) {
    return [write, insert(arrival, now, 'queued')];
  }
  if (!append) {
    return [write, insert(arrival, now, 'parked', { reason: `late: arrived after ${head.last ?? ''} was claimed` })];
  }
  const greatest = lastQueued !== undefined && lastQueued > (head.last ?? '') ? lastQueued : (head.last ?? '');
  return [write, insert({ ...arrival, order: appendedOrder(greatest, appended) }, now, 'queued')];
}

function insert(arrival: Arrival, now: number, status: FileStatus, more: Partial<FileRow> = {}): Write {
  const { id, type, sequence, sequencePart, slots, order, notBefore, object, policy, correlationId } = arrival;
  const row: FileRow = {
    id,
    type,
    slots,
    order,
    status,
    object,
    policy,
    correlationId,
    ...(sequence !== undefined && { sequence }),
    ...(sequencePart !== undefined && { sequencePart }),
    ...(status === 'queued' && notBefore !== undefined && { notBefore }),
    rev: 1,
    epoch: 0,
    attempts: 0,
    interruptions: 0,
    registeredAt: now,
    updatedAt: now,
    ...more,
  };
  return { kind: 'insert', row };
}

/** A started file is not changed. */
function supersede(file: FileRow | undefined, now: number, reason: string): FileUpdate[] {
  return file?.status === 'queued'
    ? [{ kind: 'update', file, change: { status: 'skipped', reason, notBefore: undefined, updatedAt: now } }]
    : [];
}

/** The object was registered from its event, and then found in a listing that was read before. */
const isListedAgain = ({ latest }: DispatchState, { object }: Arrival): boolean =>
  object.sequencer === undefined &&
  object.etag !== undefined &&
  latest !== undefined &&
  latest.object.etag === object.etag &&
  latest.object.versionId === object.versionId;

/** The event arrived after the object was registered from a bucket listing: the earlier registration is kept. */
const isSameObject = ({ key, latest }: DispatchState, { object }: Arrival): boolean =>
  key !== undefined &&
  object.sequencer !== undefined &&
  latest !== undefined &&
  latest.object.sequencer === undefined &&
  latest.object.etag !== undefined &&
  latest.object.etag === object.etag &&
  latest.object.versionId === object.versionId;

/** Removes the file from the key row, so that a later object with the same content is a new file. */
function adopted({ key }: DispatchState, created: string | undefined, now: number): KeyWrite {
  if (key === undefined) {
    throw new Error('only a key that is known has a latest file');
  }
  return keyWrite(key, { ...key, version: key.version + 1, created, file: undefined, updatedAt: now });
}

function newestOf(seen: KeyRow | undefined, { id, object }: Arrival, now: number): KeyWrite {
  const created = object.sequencer ?? seen?.created;
  const { bucket, key } = object;
  return keyWrite(seen, {
    ...seen,
    bucket,
    key,
    version: (seen?.version ?? 0) + 1,
    file: id,
    updatedAt: now,
    ...(created !== undefined && { created }),
  });
}

const keyWrite = (seen: KeyRow | undefined, row: KeyRow): KeyWrite => ({
  kind: 'key',
  row,
  ...(seen && { seen: seen.version }),
});

const changed = (...writes: Write[]): Decision => ({ outcome: 'changed', writes });
