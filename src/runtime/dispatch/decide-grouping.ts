import { type Decision, type EventOf } from './events.js';
import { type Grouping, type PauseRow } from './rows.js';
import { isSameGrouping } from '../../contract/dispatch-grouping.js';

/**
 * No file with the active grouping may be open for this long before another one becomes active: indexes that lag, and
 * functions of the former release that still register files, are behind by less.
 */
const IDLE_MS = 60_000;

/**
 * One grouping of a type is active at a time. After a deployment changed it, files with the former one continue until
 * none is open; files with the new one are held meanwhile.
 */
export function decideGroupings(seen: PauseRow | undefined, event: EventOf<'regroup'>, now: number): Decision {
  const groupings = { ...seen?.groupings };
  for (const [type, { current, open }] of Object.entries(event.types)) {
    groupings[type] = next(groupings[type], current, open, now);
  }
  if (JSON.stringify(groupings) === JSON.stringify({ ...seen?.groupings })) {
    return { outcome: 'kept', writes: [] };
  }
  const row: PauseRow = { scopes: {}, ...seen, groupings, version: (seen?.version ?? 0) + 1 };
  return { outcome: 'changed', writes: [{ kind: 'pause', row, ...(seen && { seen: seen.version }) }] };
}

function next(seen: Grouping | undefined, current: string, open: readonly string[], now: number): Grouping {
  const isOpen = (grouping: string) => open.some((other) => isSameGrouping(other, grouping));
  const former = open.find((other) => !isSameGrouping(other, current));
  if (seen === undefined) {
    return { active: former ?? current };
  }
  const target = former === undefined || isOpen(current) ? current : former;
  if (isOpen(seen.active) || isSameGrouping(seen.active, target)) {
    return { active: isSameGrouping(seen.active, current) ? current : seen.active };
  }
  const { idleSince = now } = seen;
  return now - idleSince < IDLE_MS ? { active: seen.active, idleSince } : { active: target };
}
