import type { FileRow, PauseRow } from '../../src/runtime/dispatch/rows.js';
import type { Effect, Guard, Rule } from './rule.ts';
import { isHeldBack } from './grouping-rules.ts';
import { not } from './rule.ts';

const LAUNCH_CHECK = 15 * 60_000;
const MAX_SCOPES = 100;

/** Everything, the type or the sequence of the file is paused, or files with another grouping end first. */
export const isScopePaused = (
  pauses: PauseRow | undefined,
  file: Pick<FileRow, 'type' | 'sequence' | 'slots' | 'sequencePart'>,
): boolean =>
  isHeldBack(pauses, file) ||
  Object.keys(pauses?.scopes ?? {}).some((scope) => ['*', file.type, file.sequence].includes(scope));

const slotFree: Guard = {
  text: 'the slot is free',
  holds: ({ state, file }) => file.sequence !== undefined && state.head?.holder === undefined,
  promela: 'holder[S] == 0',
};
const placesFree: Guard = {
  text: 'each place is free, or its file no longer runs',
  holds: ({ state: { places = [] } }) =>
    places.every(
      ({ head, ended }) =>
        head?.holder === undefined ||
        (ended?.id === head.holder && !['starting', 'running', 'waiting'].includes(ended.status)),
    ),
};
const paused: Guard = {
  text: 'paused',
  holds: ({ state, file }) => isScopePaused(state.pauses, file),
  promela: 'PAUSED',
  atRead: true,
};
const notPaused = not(paused, 'not paused');
const due: Guard = { text: 'its time has come', holds: ({ file, now }) => (file.notBefore ?? 0) <= now };
const early = not(due, 'its time has not come');

/** Greater than every fence of the slot and of the file. */
const nextFence = ({ state: { head }, file }: Parameters<Guard['holds']>[0]) =>
  [head?.version ?? 0, file.fence ?? 0].reduce((one, other) => (one > other ? one : other)) + 1;
const takesSlot: Effect = {
  text: 'the slot is held, the fence and the version of the slot are the greater of both + 1, its greatest order grows',
  fields: (context) => ({ slot: context.event.slot, fence: nextFence(context) }),
  rows: ({ state, event, file, now, state: { head } }) => [
    {
      kind: 'head',
      sequence: file.sequence ?? '',
      slot: event.slot ?? 0,
      ...(head !== undefined && { seen: { version: head.version } }),
      change: {
        version: nextFence({ state, event, file, now }),
        holder: file.id,
        last: [head?.last ?? '', file.order].sort().at(-1) ?? '',
      },
    },
  ],
};
const takesPlaces: Effect = {
  text: 'one place under each limit is held, its version + 1',
  rows: ({ state: { places = [] }, file }) =>
    places.map(({ limit, place, head }) => ({
      kind: 'head',
      sequence: limit,
      slot: place,
      ...(head !== undefined && {
        seen: { version: head.version, ...(head.holder !== undefined && { holder: head.holder }) },
      }),
      change: { version: (head?.version ?? 0) + 1, holder: file.id },
    })),
};
const launched: Effect = {
  text: 'epoch + 1, attempts + 1, no delay, checked after 15 minutes, updatedAt',
  fields: ({ file, now }) => ({
    epoch: file.epoch + 1,
    attempts: file.attempts + 1,
    notBefore: undefined,
    dueAt: now + LAUNCH_CHECK,
    updatedAt: now,
  }),
};

const scopes = ({ state }: Parameters<Guard['holds']>[0]) => state.pauses?.scopes ?? {};
const known: Guard = {
  text: 'the scope is paused',
  holds: (context) => Object.keys(scopes(context)).includes(context.event.scope ?? ''),
};
const unknown = not(known, 'the scope is not paused');
const full: Guard = {
  text: '100 scopes are paused',
  holds: (context) => Object.keys(scopes(context)).length >= MAX_SCOPES,
};
const room = not(full, 'fewer than 100 scopes are paused');

const pauseRow = (
  text: string,
  change: (now: number, reason: string) => { since: number; reason: string } | undefined,
): Effect => ({
  text,
  rows: ({ state: { pauses }, event, now }) => {
    const others = Object.entries(pauses?.scopes ?? {}).filter(([scope]) => scope !== event.scope);
    const added = change(now, event.reason ?? '');
    return [
      {
        kind: 'pause',
        ...(pauses !== undefined && { seen: pauses.version }),
        row: {
          ...pauses,
          version: (pauses?.version ?? 0) + 1,
          scopes: Object.fromEntries([...others, ...(added ? [[event.scope ?? '', added] as const] : [])]),
        },
      },
    ];
  },
});

/** A claim of the first file of a queue, pauses and resumes. Whatever no rule matches is refused. */
export const claimRules: readonly Rule[] = [
  { event: 'claim', from: ['queued'], guards: [slotFree, placesFree, paused], outcome: 'paused', effects: [] },
  { event: 'claim', from: ['queued'], guards: [slotFree, placesFree, notPaused, early], outcome: 'early', effects: [] },
  {
    event: 'claim',
    from: ['queued'],
    guards: [slotFree, placesFree, notPaused, due],
    outcome: 'changed',
    to: 'starting',
    effects: [takesSlot, takesPlaces, launched],
  },
  { event: 'pause', from: ['any'], guards: [known], outcome: 'kept', effects: [] },
  {
    event: 'pause',
    from: ['any'],
    guards: [unknown, room],
    outcome: 'changed',
    effects: [pauseRow('scope added', (since, reason) => ({ since, reason }))],
  },
  { event: 'resume', from: ['any'], guards: [unknown], outcome: 'kept', effects: [] },
  {
    event: 'resume',
    from: ['any'],
    guards: [known],
    outcome: 'changed',
    effects: [pauseRow('scope removed', () => undefined)],
  },
];
