import { arrival, fileIn, policy } from './rows';
import {
  type DispatchEvent,
  type DispatchState,
  type FileRow,
  type HeadRow,
  type PauseRow,
} from '../../../../src/runtime/dispatch/index.js';
import { fileStatuses, type Grouping } from '../../../../src/runtime/dispatch/rows.js';

export const NOW = 10_000_000;
/** The same clock for every row: past, present, future. */
const TIMES = [undefined, NOW - 1, NOW, NOW + 1];
const TOKENS = [1, 2, 3];
const WORKERS = [undefined, 'task-1', 'task-2'];

export interface Case {
  readonly state: DispatchState;
  readonly event: DispatchEvent;
}

/** Every combination of the values of each field, as an object. */
function* product<T extends Record<string, readonly unknown[]>>(
  values: T,
): Generator<{ [K in keyof T]: T[K][number] }> {
  const names = Object.keys(values);
  const indices = names.map(() => 0);
  for (;;) {
    yield Object.fromEntries(names.map((name, at) => [name, values[name][indices[at]]])) as {
      [K in keyof T]: T[K][number];
    };
    let at = names.length - 1;
    while (at >= 0 && ++indices[at] === values[names[at]].length) {
      indices[at] = 0;
      at -= 1;
    }
    if (at < 0) {
      return;
    }
  }
}

const defined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const pauseRows = [[], ['*'], ['A'], ['B'], ['A/1'], ['B', 'A/2']].map((scopes): PauseRow => ({
  version: scopes.length + 1,
  scopes: Object.fromEntries(scopes.map((scope) => [scope, { since: 1, reason: 'maintenance' }])),
}));
/** The groupings that a deployment may leave active. */
const groupingRows = ['all', 'many', 'one', 'one/', 'one/c'].map((active): PauseRow => ({
  version: 2,
  scopes: {},
  groupings: { A: { active } },
}));
const allPauses = [undefined, ...pauseRows, ...groupingRows];
const places: readonly Partial<Pick<FileRow, 'sequence' | 'slot' | 'fence' | 'slots' | 'sequencePart'>>[] = [
  {},
  { sequence: 'A' },
  { sequence: 'A', slots: 3 },
  { sequence: 'A/1', sequencePart: 'c' },
  { sequence: 'A/1', sequencePart: 'd', slot: 0, fence: 1 },
  { sequence: 'A', fence: 2 },
  { sequence: 'A', slot: 0, fence: 1 },
  { sequence: 'A/1', slot: 1, fence: 3 },
];

const DAY = 86_400_000;
const endedAttempts = (count: number): NonNullable<FileRow['lastAttempts']> =>
  Array.from({ length: count }, (_, index) => ({
    epoch: index + 1,
    outcome: 'failed',
    endedAt: index,
    reason: `reason ${index}`,
  }));

/** What a file remembers of its attempts, at the edges of each limit of time. */
const histories: readonly (Pick<
  Partial<FileRow>,
  'interruptions' | 'beganAt' | 'stopReason' | 'cancelReason' | 'interruptedSince' | 'log' | 'lastAttempts'
> & {
  readonly maxInterruptionMs?: number;
})[] = [
  {},
  { interruptions: 1, beganAt: NOW - policy.maxRuntimeMs, log: 'region:group:stream', lastAttempts: endedAttempts(1) },
  { interruptions: 2, beganAt: NOW - 1, stopReason: 'time is over', lastAttempts: endedAttempts(10) },
  { interruptedSince: NOW - 3 * DAY, stopReason: 'time is over' },
  { cancelReason: 'by hand', lastAttempts: endedAttempts(9) },
  { stopReason: 'time is over', cancelReason: 'by hand' },
  { interruptedSince: NOW - 3 * DAY },
  { interruptions: 2, interruptedSince: NOW - 3 * DAY + 1 },
  { interruptedSince: NOW - 60_000, maxInterruptionMs: 60_000 },
  { interruptedSince: NOW - 59_999, maxInterruptionMs: 60_000 },
];

/** A registered file in every status, and every event with every token about it. */
export function* fileCases(): Generator<Case> {
  for (const { status, epoch, worker, attempts, exhausted, place, history } of product({
    status: fileStatuses,
    epoch: TOKENS,
    worker: WORKERS,
    attempts: [1, 2, 3],
    exhausted: ['park', 'block'] as const,
    place: places,
    history: histories,
  })) {
    const { maxInterruptionMs, ...past } = history;
    const own = { ...policy, exhausted, ...(maxInterruptionMs !== undefined && { maxInterruptionMs }) };
    const row = { epoch, worker, attempts, policy: own, ...past };
    const file = defined({
      ...fileIn(status),
      sequence: undefined,
      slot: undefined,
      fence: undefined,
      ...row,
      ...place,
    });
    for (const event of eventsOf(epoch)) {
      yield { state: { file }, event };
    }
  }
}

/** One token before, the same, one after: what is between others is the same. */
function eventsOf(epoch: number): DispatchEvent[] {
  return TOKENS.filter((token) => Math.abs(token - epoch) <= 1).flatMap((token): DispatchEvent[] => [
    { type: 'begin', epoch: token, worker: 'task-1' },
    { type: 'begin', epoch: token, worker: 'task-1', log: 'region:group:stream' },
    { type: 'heartbeat', epoch: token, worker: 'task-1' },
    { type: 'complete', epoch: token, worker: 'task-1', result: { rows: 1 } },
    { type: 'complete', epoch: token, worker: 'task-1', reason: 'its result is not stored' },
    { type: 'skip', epoch: token, worker: 'task-1', reason: 'gone' },
    { type: 'fail', epoch: token, worker: 'task-1', reason: 'broken' },
    { type: 'fail', epoch: token, worker: 'task-1', reason: 'broken'.repeat(100), final: true },
    { type: 'fail', epoch: token, worker: 'task-1', reason: 'broken', retryAfterMs: 0 },
    { type: 'stopped', epoch: token, worker: 'task-1', reason: 'killed' },
    { type: 'stopped', epoch: token, reason: 'killed' },
    { type: 'interrupt', epoch: token, worker: 'task-1', reason: 'Spot' },
    { type: 'interrupt', epoch: token, reason: 'Spot' },
    { type: 'cancel', reason: 'wrong file' },
    { type: 'reprocess', reason: 'wrong currency' },
    { type: 'stop', epoch: token, worker: 'task-1', reason: 'time is over' },
    { type: 'refuse', epoch: token, reason: 'no capacity' },
    { type: 'misconfigured', epoch: token, reason: 'no such image' },
  ]);
}

/** Events of operators and timers: a file in every status, with every pause and every time. */
export function* timerCases(): Generator<Case> {
  for (const { status, place, notBefore, pauses, worker, attempts } of product({
    status: fileStatuses,
    place: places,
    notBefore: TIMES,
    pauses: allPauses,
    worker: WORKERS,
    attempts: [0, 1, 2],
  })) {
    const row = { notBefore, worker, attempts };
    const file = defined({
      ...fileIn(status),
      sequence: undefined,
      slot: undefined,
      fence: undefined,
      ...row,
      ...place,
    });
    const state = { file, ...(pauses && { pauses }) };
    yield { state, event: { type: 'retry' } };
    yield { state, event: { type: 'redrive' } };
    yield { state, event: { type: 'discard', reason: 'by hand' } };
    yield { state, event: { type: 'reprocess', reason: 'wrong currency' } };
    yield { state, event: { type: 'postpone' } };
    yield { state, event: { type: 'postpone', afterMs: 5 } };
  }
}

/** A file that was never registered, for every event about a file. */
export function* absentCases(): Generator<Case> {
  for (const pauses of [undefined, ...pauseRows]) {
    for (const event of [...eventsOf(2), { type: 'retry' }, { type: 'redrive' }, { type: 'postpone' }] as const) {
      yield { state: pauses ? { pauses } : {}, event };
    }
    yield { state: pauses ? { pauses } : {}, event: { type: 'discard', reason: 'by hand' } };
  }
}

const heads = (
  last: readonly (string | undefined)[],
  holder: readonly (string | undefined)[],
  appended: readonly number[],
): (HeadRow | undefined)[] => [
  undefined,
  ...[...product({ version: TOKENS, holder, last, appended })].map(
    (row) => defined({ sequence: 'A', slot: 0, ...row }) as HeadRow,
  ),
];

/** The first file of a queue, a slot, and free places under no, one or two limits. */
export function* claimCases(): Generator<Case> {
  for (const { status, place, head, pauses, notBefore, limits, slot, fence } of product({
    status: fileStatuses,
    place: places,
    head: heads([undefined, '0', '2'], [undefined, 'other'], [0]),
    pauses: allPauses,
    notBefore: [undefined, NOW, NOW + 1],
    limits: [0, 2],
    slot: [0],
    fence: [undefined, 3],
  })) {
    const { sequence, slots = 1, sequencePart } = place;
    const queued = defined({ ...fileIn(status), slot: undefined, sequence, slots, sequencePart, notBefore, fence });
    const free = [
      { limit: '~A', place: 0 },
      { limit: '~', place: 1, head: { sequence: '~', slot: 1, version: 2, appended: 0 } },
    ].slice(0, limits);
    yield {
      state: {
        queued,
        ...(limits > 0 && { places: free }),
        ...(head && { head: { ...head, slot, sequence: sequence ?? 'A' } }),
        ...(pauses && { pauses }),
      },
      event: { type: 'claim', slot },
    };
  }
  yield { state: {}, event: { type: 'claim', slot: 0 } };
  yield* placeOverCases();
}

/** A place that a file holds: one that runs, one that has ended, or one that was not read. */
function* placeOverCases(): Generator<Case> {
  for (const { status, read, version, pauses } of product({
    status: [undefined, ...fileStatuses],
    read: ['holder', 'other'],
    version: TOKENS,
    pauses: pauseRows,
  })) {
    const ended = status === undefined ? undefined : fileIn(status, { id: read });
    const head: HeadRow = { sequence: '~A', slot: 0, version, appended: 0, holder: 'holder' };
    const held = { limit: '~A', place: 0, head, ...(ended && { ended }) };
    yield {
      state: { queued: fileIn('queued', { id: 'next' }), places: [held, { limit: '~', place: 1 }], pauses },
      event: { type: 'claim', slot: 0 },
    };
  }
}

const SEQUENCERS = [undefined, '1', '2', '3'];

/** The key rows of an object whose events arrive in any order, and the file that they name. */
export function* keyCases(): Generator<Case> {
  const files = [
    undefined,
    ...[
      ...product({
        status: fileStatuses,
        sequencer: SEQUENCERS,
        etag: [undefined, 'e1'],
        versionId: [undefined, 'v1'],
      }),
    ].map(({ status, ...version }) =>
      fileIn(status, { id: 'older', object: defined({ bucket: 'b', key: 'k', ...version }) }),
    ),
  ];
  const keys = [
    undefined,
    ...[...product({ created: SEQUENCERS, deleted: SEQUENCERS })].map((row) =>
      defined({ bucket: 'b', key: 'k', version: 4, file: 'older', updatedAt: 1, ...row }),
    ),
  ];
  for (const { key, latest, sequencer, etag, versionId, overwrite } of product({
    key: keys,
    latest: files,
    sequencer: SEQUENCERS,
    etag: [undefined, 'e1', 'e2'],
    versionId: [undefined, 'v1'],
    overwrite: ['latest', 'each'] as const,
  })) {
    const object = defined({ bucket: 'b', key: 'k', sequencer, etag, versionId });
    const state = { ...(key && { key }), ...(key && latest && { latest }) };
    yield { state, event: { type: 'arrive', arrival: arrival('1', { overwrite, object }) } };
    if (overwrite === 'latest' && etag === undefined) {
      yield {
        state: { ...state, ...(latest && { file: latest }) },
        event: { type: 'remove', object, correlationId: 'event' },
      };
      const version = { id: 'one', type: 'A', policy };
      yield { state: {}, event: { type: 'remove', object, correlationId: 'event', version } };
    }
  }
}

/** Where an arrival is placed: sequences, late files, and files that are known. */
export function* placeCases(): Generator<Case> {
  for (const { sequence, late, head, lastQueued, order, notBefore, overwrite, status } of product({
    sequence: [undefined, 'A'],
    late: ['run-next', 'park', 'append'] as const,
    head: heads([undefined, '1', '2', '3', '2+1'], [undefined, 'one'], [0, 2]),
    lastQueued: [undefined, '1', '2', '3+1'],
    order: ['1', '2', '3'],
    notBefore: [undefined, NOW + 1],
    overwrite: ['latest', 'each'] as const,
    status: [undefined, ...fileStatuses],
  })) {
    const given = { late, order, overwrite, sequence, ...(notBefore !== undefined && { notBefore }) };
    yield {
      state: defined({ head, lastQueued, ...(status && { file: fileIn(status) }) }),
      event: { type: 'arrive', arrival: arrival('one', given) },
    };
  }
}

const GROUPINGS = ['all', 'many', 'one', 'one/', 'one/c', 'one/d'];

/** A deployment with each concurrency, beside open files with none, one or two others. */
export function* groupingCases(): Generator<Case> {
  const pairs = GROUPINGS.flatMap((one) => GROUPINGS.map((other) => (one === other ? [one] : [one, other])));
  for (const { active, idleSince, current, open, scopes } of product({
    active: [undefined, ...GROUPINGS],
    idleSince: [undefined, NOW - 60_000, NOW - 59_999],
    current: GROUPINGS,
    open: [[], ...pairs],
    scopes: [undefined, ...pauseRows.slice(1, 2)],
  })) {
    const groupings: Record<string, Grouping> =
      active === undefined ? {} : { A: { active, ...(idleSince !== undefined && { idleSince }) } };
    const state =
      scopes === undefined && active === undefined ? {} : { pauses: { ...pauseRows[0], ...scopes, groupings } };
    yield { state, event: { type: 'regroup', types: { A: { current, open } } } };
  }
  yield { state: {}, event: { type: 'regroup', types: {} } };
}

/** Pauses and resumes of no scope, some, and as many as there may be. */
export function* pauseCases(): Generator<Case> {
  const many = (count: number): PauseRow => ({
    version: 7,
    scopes: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [index === 0 ? 'A' : `S/${index}`, { since: 1, reason: '' }]),
    ),
  });
  for (const pauses of [...allPauses, many(99), many(100), many(101)]) {
    for (const scope of ['*', 'A', 'A/1', 'B', 'constructor']) {
      const state = pauses ? { pauses } : {};
      yield { state, event: { type: 'pause', scope, reason: 'maintenance' } };
      yield { state, event: { type: 'resume', scope } };
    }
  }
}
