import type { FileRow, Grouping, PauseRow } from '../../src/runtime/dispatch/rows.js';
import type { Context, Guard, Rule } from './rule.ts';
import { not } from './rule.ts';

const IDLE = 60_000;

type Grouped = Pick<FileRow, 'type' | 'sequence' | 'slots' | 'sequencePart'>;

function groupingOf({ type, sequence, slots, sequencePart }: Grouped): string {
  const alone = sequence === type ? 'one' : 'one/';
  return slots > 1
    ? 'many'
    : sequencePart !== undefined
      ? `one/${sequencePart}`
      : sequence === undefined || slots === 0
        ? 'all'
        : alone;
}

/** `one/` is each value of a part that was not stored. */
const isSame = (one: string, other: string) =>
  one === other || ([one, other].includes('one/') && [one, other].every((name) => name.startsWith('one/')));

/** Another grouping of the type is active. */
export function isHeldBack(pauses: PauseRow | undefined, file: Grouped): boolean {
  const active = Object.entries(pauses?.groupings ?? {}).find(([type]) => type === file.type)?.[1].active;
  return active !== undefined && !isSame(active, groupingOf(file));
}

function after(seen: Grouping | undefined, current: string, open: readonly string[], now: number): Grouping {
  const former = open.filter((name) => !isSame(name, current));
  if (seen === undefined) {
    return { active: former.at(0) ?? current };
  }
  const wanted = former.length < open.length ? current : (former.at(0) ?? current);
  if (isSame(seen.active, wanted) || open.some((name) => isSame(name, seen.active))) {
    return { active: isSame(seen.active, current) ? current : seen.active };
  }
  return now < (seen.idleSince ?? now) + IDLE
    ? { active: seen.active, idleSince: seen.idleSince ?? now }
    : { active: wanted };
}

const groupings = ({ state: { pauses }, event: { types = {} }, now }: Context): Record<string, Grouping> => ({
  ...pauses?.groupings,
  ...Object.fromEntries(
    Object.entries(types).map(([type, { current, open }]) => [
      type,
      after(pauses?.groupings?.[type], current, open, now),
    ]),
  ),
});
const text = (all: Readonly<Record<string, Grouping>>) =>
  Object.entries(all)
    .map(([type, { active, idleSince }]) => `${type} ${active} ${idleSince ?? ''}`)
    .sort()
    .join();
const changes: Guard = {
  text: 'the grouping of a type changes: it is new; no file with the active one is open, since now or for a minute',
  holds: (context) => text(groupings(context)) !== text(context.state.pauses?.groupings ?? {}),
};

/** Changes of the concurrency of types by a deployment. */
export const groupingRules: readonly Rule[] = [
  { event: 'regroup', from: ['any'], guards: [not(changes, 'no grouping changes')], outcome: 'kept', effects: [] },
  {
    event: 'regroup',
    from: ['any'],
    guards: [changes],
    outcome: 'changed',
    effects: [
      {
        text: 'the groupings: active until no file with it is open for a minute, then the one of the deployment or of open files',
        rows: (context) => {
          const { pauses } = context.state;
          return [
            {
              kind: 'pause',
              ...(pauses !== undefined && { seen: pauses.version }),
              row: {
                scopes: pauses?.scopes ?? {},
                version: (pauses?.version ?? 0) + 1,
                groupings: groupings(context),
              },
            },
          ];
        },
      },
    ],
  },
];
