import type { Arrival } from '../../src/runtime/dispatch/events.js';
import type { FileRow, FileStatus, KeyRow } from '../../src/runtime/dispatch/rows.js';
import type { Write } from '../../src/runtime/dispatch/store.js';
import type { Context, Effect, Guard, Rule } from './rule.ts';
import { not, statuses } from './rule.ts';

const LAUNCH_CHECK = 15 * 60_000;

const arrivalOf = ({ event }: Context): Arrival => {
  if (event.arrival === undefined) {
    throw new Error('only an arrival has one');
  }
  return event.arrival;
};
const keyOf = (context: Context): KeyRow | undefined =>
  arrivalOf(context).overwrite === 'latest' ? context.state.key : undefined;
const sequencerOf = (context: Context) => arrivalOf(context).object.sequencer;
const isBefore = (one: string | undefined, other: string | undefined) =>
  one !== undefined && other !== undefined && one < other;

const registered: Guard = {
  text: 'its event made the key row',
  holds: (context) => sequencerOf(context) !== undefined && sequencerOf(context) === keyOf(context)?.created,
};
const deleted: Guard = {
  text: 'older than the tombstone',
  holds: (context) => isBefore(sequencerOf(context), keyOf(context)?.deleted),
  promela: 'SEQUENCER(f) < KNOWN_TOMB',
};
const overwritten: Guard = {
  text: 'older than the newest version',
  holds: (context) => isBefore(sequencerOf(context), keyOf(context)?.created),
  promela: 'SEQUENCER(f) < KNOWN_MAX',
};
const listed: Guard = {
  text: 'the file of the key row was registered without an event and has the ETag and the version of this object',
  holds: (context) => {
    const object = context.state.latest?.object;
    const { sequencer, etag, versionId } = arrivalOf(context).object;
    return (
      keyOf(context) !== undefined &&
      object !== undefined &&
      sequencer !== undefined &&
      object.sequencer === undefined &&
      etag !== undefined &&
      object.etag === etag &&
      object.versionId === versionId
    );
  },
};
const listedAgain: Guard = {
  text: 'from a listing, and the file of the key row has the ETag and the version of this object',
  holds: (context) => {
    const object = context.state.latest?.object;
    const { sequencer, etag, versionId } = arrivalOf(context).object;
    return (
      arrivalOf(context).overwrite === 'latest' &&
      sequencer === undefined &&
      etag !== undefined &&
      object !== undefined &&
      object.etag === etag &&
      object.versionId === versionId
    );
  },
};
const notRegistered = not(registered, 'its event did not make the key row');
const notDeleted = not(deleted, 'not older than the tombstone');
const notOverwritten = not(overwritten, 'not older than the newest version');
const newest = [
  notRegistered,
  notDeleted,
  notOverwritten,
  not(listed, 'not registered without an event'),
  not(listedAgain, 'not listed again'),
];

const parallel: Guard = {
  text: 'no sequence',
  holds: (context) => arrivalOf(context).sequence === undefined,
  promela: '0',
};
const sequential = not(parallel, 'a sequence');
const runsNext: Guard = {
  text: 'late files run next',
  holds: (context) => arrivalOf(context).late === 'run-next',
  promela: '!PARKS_LATE && !APPENDS_LATE',
};
const inOrder = not(runsNext, 'late files are parked or appended');
const late: Guard = {
  text: 'its order is less than one that was claimed',
  holds: (context) => isBefore(arrivalOf(context).order, context.state.head?.last),
  promela: 'KNOWN_LAST > POS(f)',
};
const onTime = not(late, 'its order is not less than any that was claimed');
const parksLate: Guard = {
  text: 'late files are parked',
  holds: (context) => arrivalOf(context).late === 'park',
  promela: 'PARKS_LATE',
};
const appendsLate: Guard = {
  text: 'late files are appended',
  holds: (context) => arrivalOf(context).late === 'append',
  promela: 'APPENDS_LATE',
};

const row = (text: string, more: (context: Context) => Partial<FileRow>): Effect => ({ text, fields: more });
const delayed = row('the row with its delay', (context) => {
  const { notBefore } = arrivalOf(context);
  return notBefore === undefined ? {} : { notBefore };
});
const because = (reason: string) => row(`the row, reason: ${reason}`, () => ({ reason }));

const skipped = (file: FileRow | undefined, reason: string, now: number): Write[] =>
  file?.status === 'queued'
    ? [{ kind: 'update', file, change: { status: 'skipped', reason, notBefore: undefined, updatedAt: now } }]
    : [];

const keyWrite = (context: Context, change: Partial<KeyRow>, object = arrivalOf(context).object): Write => {
  const { key } = context.state;
  return {
    kind: 'key',
    ...(key !== undefined && { seen: key.version }),
    row: {
      ...key,
      bucket: object.bucket,
      key: object.key,
      version: (key?.version ?? 0) + 1,
      updatedAt: context.now,
      ...change,
    },
  };
};
const namesNewest: Effect = {
  text: 'if overwrites are tracked: the key row names it; the queued file of an older version is skipped',
  rows: (context) => {
    const { id, overwrite, object } = arrivalOf(context);
    const created = object.sequencer ?? context.state.key?.created;
    return overwrite === 'each'
      ? []
      : [
          keyWrite(context, { file: id, ...(created !== undefined && { created }) }),
          ...skipped(context.state.latest, 'overwritten', context.now),
        ];
  },
};

/** The head is as it was read; a free one gets a new version, because a claim has perhaps read the queue already. */
const confirmsHead = (appended: boolean): Effect => ({
  text: `the slot is as it was read; version + 1 if it is free${appended ? '; appended + 1' : ''}`,
  rows: (context) => {
    const { head } = context.state;
    const change = {
      ...(head?.holder === undefined && { version: (head?.version ?? 0) + 1 }),
      ...(appended && { appended: (head?.appended ?? 0) + 1 }),
    };
    return [
      {
        kind: 'head',
        sequence: arrivalOf(context).sequence ?? '',
        slot: 0,
        ...(head !== undefined && {
          seen: { version: head.version, ...(head.holder !== undefined && { holder: head.holder }) },
        }),
        ...(Object.keys(change).length > 0 && { change }),
      },
    ];
  },
});
const appendedRow = row('the row with an order after the greatest, and its delay', (context) => {
  const { head, lastQueued } = context.state;
  const { notBefore } = arrivalOf(context);
  const greatest = [head?.last ?? '', lastQueued ?? ''].sort().at(-1) ?? '';
  const count = String((head?.appended ?? 0) + 1).padStart(20, '0');
  return { order: `${greatest.split('+')[0] ?? ''}+${count}`, ...(notBefore !== undefined && { notBefore }) };
});
const lateRow = row('the row with the reason', ({ state }) => ({
  reason: `late: arrived after ${state.head?.last ?? ''} was claimed`,
}));
const launched = row('the row, epoch 1, attempt 1, checked after 15 minutes', ({ now }) => ({
  epoch: 1,
  attempts: 1,
  dueAt: now + LAUNCH_CHECK,
}));

const arrive = (
  guards: readonly Guard[],
  outcome: Rule['outcome'],
  to?: FileStatus,
  effects: readonly Effect[] = [],
): Rule => ({
  event: 'arrive',
  from: ['absent'],
  guards,
  outcome,
  ...(to !== undefined && { to }),
  effects,
});

const versioned: Guard = { text: 'a version was deleted', holds: ({ event }) => event.object?.versionId !== undefined };
const unversioned = not(versioned, 'the object was deleted');
const queuedVersion: Guard = { text: 'its file is queued', holds: ({ state }) => state.file?.status === 'queued' };
const unknownVersion: Guard = {
  text: 'its file is not registered, but known',
  holds: ({ state, event }) => state.file === undefined && event.version !== undefined,
};
const deletedFirst: Effect = {
  text: 'the row, skipped, reason: deleted before it was registered',
  rows: ({ event: { version, object, correlationId = '' }, now }) =>
    version === undefined || object === undefined
      ? []
      : [
          {
            kind: 'insert',
            row: {
              ...version,
              object,
              correlationId,
              slots: 0,
              order: '',
              status: 'skipped',
              reason: 'deleted before it was registered',
              rev: 1,
              epoch: 0,
              attempts: 0,
              interruptions: 0,
              registeredAt: now,
              updatedAt: now,
            },
          },
        ],
};
const dated: Guard = { text: 'with a sequencer', holds: ({ event }) => event.object?.sequencer !== undefined };
const buried: Guard = {
  text: 'the tombstone is not older',
  holds: ({ state, event }) =>
    state.key?.deleted !== undefined && !isBefore(state.key.deleted, event.object?.sequencer),
};
const tombstone: Effect = {
  text: 'the tombstone; the queued file of an older version is skipped',
  rows: (context) => {
    const { object } = context.event;
    const { latest } = context.state;
    return object === undefined
      ? []
      : [
          keyWrite(context, { deleted: object.sequencer }, object),
          ...skipped(isBefore(latest?.object.sequencer, object.sequencer) ? latest : undefined, 'deleted', context.now),
        ];
  },
};

/** Arrivals and removals. Whatever no rule matches is refused. */
export const arrivalRules: readonly Rule[] = [
  { event: 'arrive', from: statuses, guards: [], outcome: 'kept', effects: [] },
  arrive([registered], 'kept'),
  arrive([notRegistered, deleted], 'changed', 'skipped', [because('deleted before it was registered')]),
  arrive([notRegistered, notDeleted, overwritten], 'changed', 'skipped', [
    because('overwritten before it was registered'),
  ]),
  arrive([notRegistered, notDeleted, notOverwritten, listed], 'kept', undefined, [
    {
      text: 'the key row has the sequencer, and no file',
      rows: (context) => [keyWrite(context, { created: sequencerOf(context), file: undefined })],
    },
  ]),
  arrive([listedAgain], 'kept'),
  arrive([...newest, parallel], 'changed', 'starting', [launched, namesNewest]),
  arrive([...newest, sequential, runsNext], 'changed', 'queued', [delayed, namesNewest]),
  arrive([...newest, sequential, inOrder, onTime], 'changed', 'queued', [delayed, confirmsHead(false), namesNewest]),
  arrive([...newest, sequential, parksLate, late], 'changed', 'parked', [lateRow, confirmsHead(false), namesNewest]),
  arrive([...newest, sequential, appendsLate, late], 'changed', 'queued', [
    appendedRow,
    confirmsHead(true),
    namesNewest,
  ]),
  {
    event: 'remove',
    from: ['any'],
    guards: [versioned, queuedVersion],
    outcome: 'changed',
    effects: [
      { text: 'the queued file is skipped', rows: ({ state: { file }, now }) => skipped(file, 'deleted', now) },
    ],
  },
  {
    event: 'remove',
    from: ['any'],
    guards: [
      versioned,
      not(queuedVersion, 'its file is not queued'),
      not(unknownVersion, 'its file is registered, or unknown'),
    ],
    outcome: 'kept',
    effects: [],
  },
  { event: 'remove', from: ['any'], guards: [versioned, unknownVersion], outcome: 'changed', effects: [deletedFirst] },
  { event: 'remove', from: ['any'], guards: [unversioned, dated, buried], outcome: 'kept', effects: [] },
  {
    event: 'remove',
    from: ['any'],
    guards: [unversioned, dated, not(buried, 'there is no tombstone, or an older one')],
    outcome: 'changed',
    effects: [tombstone],
  },
];
