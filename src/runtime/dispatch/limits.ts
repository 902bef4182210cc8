import { type FreePlace } from './events.js';
import { type HeadRow, keepsPlace } from './rows.js';
import { type DispatchStore } from './store.js';

/** How many files may hold a place at once. */
export interface Limit {
  /** `~` and what it limits, so that no sequence has the name. */
  readonly name: string;
  readonly files: number;
}

/** Limits of the files that work at once, over sequences: of a type, and of all types. */
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

/** A free place under a limit; a limit that was lowered waits until enough of the old places are free. */
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
 * Frees the places whose files work no more, by what the rows of the files say.
 *
 * A file that has its place again since it was read has moved on the version of the place, so it keeps it.
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
