import { sequenceOf } from '../../runtime/dispatch/identity';
import { EVERYTHING } from '../../runtime/dispatch/rows';
import type { DispatchStore } from '../../runtime/dispatch/store';
import { typeOf } from './files';

/** Number of waiting sequences among which the nearest name is searched. */
const SEARCHED = 1_000;
const MAX_SHOWN = 100;

/**
 * The scope as it is stored: people write the part of a key as it is in the key, such as `A/müller`, and copy the
 * encoded name of a sequence, such as `A/m%C3%BCller`, from the output of a command.
 */
export function storedScope(text: string): string {
  const slash = text.indexOf('/');
  if (slash < 0) {
    return text;
  }
  const part = text.slice(slash + 1);
  const decoded = decodedPart(part);
  return decoded !== undefined && encodeURIComponent(decoded) === part ? text : sequenceOf(text.slice(0, slash), part);
}

function decodedPart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    // A percent sign that is no code: the part of a key
    return undefined;
  }
}

/**
 * Refuses a scope that is neither a type of the dispatcher nor a sequence that has or had files.
 *
 * @param more other scopes that are allowed, such as those that are paused
 * @throws Error that names the nearest scope
 */
export async function checkScope(
  store: DispatchStore,
  scope: string,
  types: readonly string[],
  more: readonly string[] = [],
): Promise<void> {
  if (scope === EVERYTHING || types.includes(scope) || more.includes(scope) || (await isSequence(store, scope))) {
    return;
  }
  const names = [...types, ...more];
  if (types.includes(typeOf(scope))) {
    names.push(...(await waitingSequences(store, typeOf(scope))));
  }
  const nearest = nearestOf(scope, names);
  throw new Error(
    `scope ${scope.slice(0, MAX_SHOWN)} is neither *, a type, nor a sequence with files` +
      (nearest === undefined ? '' : `; the nearest is ${nearest.slice(0, MAX_SHOWN)}`) +
      `; types are ${types.join(', ')}`,
  );
}

async function isSequence(store: DispatchStore, scope: string): Promise<boolean> {
  return (await store.heads(scope)).length > 0 || (await store.queued(scope, 1)).length > 0;
}

async function waitingSequences(store: DispatchStore, type: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { sequence } of store.backlog()) {
    if (typeOf(sequence) === type) {
      found.push(sequence);
    }
    if (found.length === SEARCHED) {
      break;
    }
  }
  return found;
}

function nearestOf(text: string, names: readonly string[]): string | undefined {
  return names
    .map((name) => ({ name, distance: editDistance(text.toLowerCase(), name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
    .at(0)?.name;
}

/** Insertions, deletions and replacements between two texts (Levenshtein), of their first 100 characters. */
function editDistance(one: string, other: string): number {
  const [a, b] = [one.slice(0, MAX_SHOWN), other.slice(0, MAX_SHOWN)];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
