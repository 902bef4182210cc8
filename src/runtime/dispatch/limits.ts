import { type FreePlace } from './events.js';
import { type HeadRow, keepsPlace } from './rows.js';
import { type DispatchStore } from './store.js';

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
    ...(all === undefined ? [] : [{ name: '~', files: all }]),
  ];
}

/** A free place under a limit. After a limit was lowered, no place is free until enough of the old places are. */
export async function freePlace(
  store: DispatchStore,
  { name, files }: Limit,
  pick: (free: readonly number[]) => number,
): Promise<FreePlace | undefined> {
  const heads = await store.heads(name);
  const held = new Set(heads.filter(({ holder }) => holder !== undefined).map(({ slot }) => slot));
  const free = Array.from({ length: files }, (_, place) => place).filter((place) => !held.has(place));
  if (held.size >= files || free.length === 0) {
    return undefined;
  }
  const place = pick(free);
  const head = heads.find(({ slot }) => slot === place);
  return { limit: name, place, ...(head && { head }) };
}

/**
 * Frees places of files that no longer run, according to their rows.
 *
 * A file that took its place again after the read has incremented the version of the place, and keeps it.
 *
 * @param of only the places of these files
 */
export async function freePlaces(store: DispatchStore, { name }: Limit, of?: readonly string[]): Promise<void> {
  const heads = (await store.heads(name)).filter(
    ({ holder }) => holder !== undefined && (of === undefined || of.includes(holder)),
  );
  await Promise.all(heads.map((head) => freeIfOver(store, head)));
}

async function freeIfOver(store: DispatchStore, { sequence, slot, version, holder = '' }: HeadRow): Promise<void> {
  if (keepsPlace((await store.file(holder))?.status)) {
    return;
  }
  await store.commit([{ kind: 'head', sequence, slot, seen: { version, holder }, change: { holder: undefined } }]);
}
