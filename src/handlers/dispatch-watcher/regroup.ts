import { groupingOf, isSameGrouping } from '../../contract/dispatch-grouping';
import type { Dispatcher } from '../../runtime/dispatch/dispatcher';
import type { QueuedFile } from '../../runtime/dispatch/rows';
import type { DispatchStore } from '../../runtime/dispatch/store';
import { log } from '../shared/log';

/** Upper bound of the due time of a file that holds a slot. */
const FAR = 366 * 86_400_000;

/**
 * After a deployment changed the concurrency of a type, the new one becomes active when no file with the former one is
 * open. Open files are read only for types whose concurrency has changed.
 */
export async function regroup(
  { store, dispatcher }: { readonly store: DispatchStore; readonly dispatcher: Dispatcher },
  deployed: Readonly<Record<string, string>>,
): Promise<void> {
  const known = (await store.pauses())?.groupings ?? {};
  const changed = Object.entries(deployed).filter(
    ([type, current]) => !Object.hasOwn(known, type) || !isSameGrouping(known[type].active, current),
  );
  if (changed.length === 0) {
    return;
  }
  const open = await openGroupings(store, new Set(changed.map(([type]) => type)));
  const types = Object.fromEntries(
    changed.map(([type, current]) => [type, { current, open: [...(open.get(type) ?? [])] }]),
  );
  const outcome = await dispatcher.regroup(types);
  if (outcome === 'changed') {
    log('INFO', 'concurrency of types changes when files with the former one have ended', { types });
  }
}

async function openGroupings(store: DispatchStore, types: ReadonlySet<string>): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  const note = (file: QueuedFile | undefined) => {
    if (file !== undefined && types.has(file.type)) {
      found.set(file.type, (found.get(file.type) ?? new Set()).add(groupingOf(file)));
    }
  };
  for await (const id of store.dueFiles(Date.now() + FAR)) {
    note(await store.file(id));
  }
  for await (const { id, type } of store.listFailed('blocked')) {
    if (types.has(type)) {
      note(await store.file(id));
    }
  }
  for await (const { sequence } of store.backlog()) {
    if (types.has(sequence.split('/', 1)[0] ?? '')) {
      (await store.queued(sequence, 1_000)).forEach(note);
    }
  }
  return found;
}
