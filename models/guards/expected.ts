import type { DispatchEvent, DispatchState } from '../../src/runtime/dispatch/events.js';
import type { FileRow } from '../../src/runtime/dispatch/rows.js';
import type { Write } from '../../src/runtime/dispatch/store.js';
import { arrivalRules } from './arrival-rules.ts';
import { claimRules } from './claim-rules.ts';
import { fileRules } from './file-rules.ts';
import { groupingRules } from './grouping-rules.ts';
import type { Context, Expected, Rule } from './rule.ts';

export const rules: readonly Rule[] = [...arrivalRules, ...claimRules, ...groupingRules, ...fileRules];
const byEvent = new Map(rules.map(({ event }) => [event, rules.filter((rule) => rule.event === event)]));

/** The decision by the table of guards, and every rule that matches: never more than one. */
export function expected(state: DispatchState, event: DispatchEvent, now: number): Expected {
  const file = fileOf(state, event, now);
  const context: Context = { state, event, now, file };
  const status = event.type === 'claim' ? (state.queued?.status ?? 'absent') : (state.file?.status ?? 'absent');
  const matching = (byEvent.get(event.type) ?? []).filter(
    ({ from, guards }) =>
      (from.includes('any') || from.includes(status)) && guards.every(({ holds }) => holds(context)),
  );
  const rule = matching.at(0);
  return rule === undefined
    ? { outcome: 'refused', writes: [], rules: [] }
    : { outcome: rule.outcome, writes: writesOf(rule, context), rules: matching };
}

function writesOf({ to, effects }: Rule, context: Context): Write[] {
  const rows = effects.flatMap((effect) => effect.rows?.(context) ?? []);
  if (to === undefined) {
    return rows;
  }
  const fields = Object.assign({}, ...effects.map((effect) => effect.fields?.(context) ?? {})) as Partial<FileRow>;
  if (context.event.type === 'arrive') {
    return [...rows, { kind: 'insert', row: { ...context.file, ...fields, status: to } }];
  }
  const file = context.event.type === 'claim' ? (context.state.queued ?? context.file) : context.file;
  return [...rows, { kind: 'update', file, change: { ...fields, status: to } }];
}

function fileOf({ file, queued }: DispatchState, event: DispatchEvent, now: number): FileRow {
  if (event.type !== 'arrive') {
    return (event.type === 'claim' ? queued : file) as FileRow;
  }
  const { id, type, slots, order, object, policy, correlationId, sequence, sequencePart } = event.arrival;
  return {
    id,
    type,
    slots,
    order,
    object,
    policy,
    correlationId,
    ...(sequence !== undefined && { sequence }),
    ...(sequencePart !== undefined && { sequencePart }),
    status: 'queued',
    rev: 1,
    epoch: 0,
    attempts: 0,
    interruptions: 0,
    registeredAt: now,
    updatedAt: now,
  };
}
