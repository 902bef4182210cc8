import type { DispatchRule } from '../../contract/dispatch-config';
import type { Arrival } from '../../runtime/dispatch/events';
import { fileId, normalizeSequencer } from '../../runtime/dispatch/identity';
import { orderByPart, orderByTime } from '../../runtime/dispatch/order';
import type { FileObject } from '../../runtime/dispatch/rows';

export interface ObjectNews {
  /** Id of the event. */
  readonly correlationId: string;
  /** ISO 8601. */
  readonly time: string;
  readonly object: FileObject;
}

/** The file that an event is about, by the first rule that matches; undefined when none does. */
export function classify(news: ObjectNews, rules: readonly DispatchRule[]): Arrival | undefined {
  for (const rule of rules) {
    const parts = match(rule, news.object);
    if (parts !== undefined) return arrivalOf(news, rule, parts);
  }
  return undefined;
}

function match({ keys, minSize = 0, maxSize = Infinity }: DispatchRule, { key, size = 0 }: FileObject): Readonly<Record<string, string>> | undefined {
  if (size < minSize || size > maxSize) return undefined;
  for (const pattern of keys) {
    const found = new RegExp(pattern, 'su').exec(key);
    if (found !== null) return found.groups ?? {};
  }
  return undefined;
}

function arrivalOf({ correlationId, time, object: told }: ObjectNews, rule: DispatchRule, parts: Readonly<Record<string, string>>): Arrival {
  const object: FileObject = { ...told, ...(told.sequencer !== undefined && { sequencer: normalizeSequencer(told.sequencer) }) };
  const part = rule.sequencePart === undefined ? undefined : parts[rule.sequencePart];
  const sequence = part === undefined ? rule.type : `${rule.type}/${encodeURIComponent(part)}`;
  return {
    id: fileId(object, time),
    type: rule.type,
    ...(rule.slots > 0 && { sequence }),
    slots: rule.slots,
    order: rule.orderPart === undefined ? orderByTime(time, object.sequencer) : orderByPart(parts[rule.orderPart] ?? ''),
    ...(rule.settleSeconds > 0 && { notBefore: Date.parse(time) + rule.settleSeconds * 1_000 }),
    object,
    policy: {
      maxAttempts: rule.maxAttempts, exhausted: rule.exhausted, backoffMs: rule.backoffSeconds * 1_000, maxBackoffMs: rule.maxBackoffSeconds * 1_000,
      hangTimeoutMs: rule.hangTimeoutSeconds * 1_000, maxRuntimeMs: rule.maxRuntimeSeconds * 1_000,
    },
    late: rule.late,
    overwrite: rule.overwrite ?? (object.versionId === undefined ? 'latest' : 'each'),
    correlationId,
  };
}
