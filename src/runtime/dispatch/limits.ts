import { type FreePlace } from './events.js';
import { type FileRow, type HeadRow, keepsPlace } from './rows.js';
import { type DispatchStore } from './store.js';

/** Name of the limit for all types. */
export const ALL = '~';

/** Maximum number of files that hold a place at the same time. */
export interface Limit {
  /** `~` and the limited type, so that it differs from every sequence name. */
  readonly name: string;
  readonly files: number;
}

/** Limits of concurrently running files across sequences: per type, and for all types. */
export interface Limits {
  readonly all?: number;
  readonly types?: Readonly<Record<string, number | undefined>>;
}

export function limitsOf({ all, types = {} }: Limits, type: string): readonly Limit[] {
  const own = Object.hasOwn(types, type) ? types[type] : undefined;
  return [
    ...(own === undefined ? [] : [{ name: `~${type}`, files: own }]),
    ...(all === undefined ? [] : [{ name: ALL, files: all }]),
  ];
}

export const isFull = ({ files }: Limit, places: readonly HeadRow[] = []): boolean =>
  places.filter(({ holder }) => holder !== undefined).length >= files;

/**
 * A free place under a limit, first of all one whose file has ended. After a limit was lowered, no place is free until
 * enough of the old places are.
 *
 * @param ended rows that were read after the places
 */
export function freePlace(
  { name, files }: Limit,
  places: readonly HeadRow[],
  ended: readonly FileRow[],
  pick: (free: readonly number[]) => number,
): FreePlace | undefined {
  const over = (head: HeadRow) => ended.find(({ id, status }) => id === head.holder && !keepsPlace(status));
  const left = places.filter((head) => over(head) !== undefined);
  const held = places.filter((head) => head.holder !== undefined && !left.includes(head));
  const free = Array.from({ length: files }, (_, place) => place).filter(
    (place) => !held.some(({ slot }) => slot === place),
  );
  if (held.length >= files || free.length === 0) {
    return undefined;
  }
  const place = left.find(({ slot }) => slot < files)?.slot ?? pick(free);
  const head = places.find(({ slot }) => slot === place);
  const file = head && over(head);
  return { limit: name, place, ...(head && { head }), ...(file && { ended: file }) };
}

/** Frees places of files that no longer run, according to their rows. */
export async function freePlaces(store: DispatchStore, { name }: Limit): Promise<void> {
  await Promise.all((await store.heads(name)).map((head) => freeIfOver(store, head)));
}

/** A file that took its place again after the read has incremented the version of the place, and keeps it. */
export async function freeIfOver(store: DispatchStore, { sequence, slot, version, holder }: HeadRow): Promise<void> {
  if (holder !== undefined && !keepsPlace((await store.file(holder))?.status)) {
    await store.commit([{ kind: 'head', sequence, slot, seen: { version, holder }, change: { holder: undefined } }]);
  }
}
