import type { DispatchRule, DispatchRules } from '../../contract/dispatch-config';
import type { Arrival } from '../../runtime/dispatch/events';
import { fileId, normalizeSequencer } from '../../runtime/dispatch/identity';
import { orderByPart, orderByTime } from '../../runtime/dispatch/order';
import type { FileObject } from '../../runtime/dispatch/rows';
import { type KeyParts, match } from './match';
import type { ObjectNews } from './object-event';
import type { ObjectInspector } from './object-inspector';

/**
 * The file that an event is about, by the first rule that matches; undefined when none does and files without a type
 * have none.
 *
 * @throws RangeError when the file has no sequence or order, because its key lacks the part
 */
export async function classify(
  news: ObjectNews,
  { rules, unmatched }: DispatchRules,
  inspector: ObjectInspector,
): Promise<Arrival | undefined> {
  for (const rule of rules) {
    const parts = await match(rule, news.object, inspector);
    if (parts !== undefined) {
      return arrivalOf(news, rule, parts);
    }
  }
  const rest = typeof unmatched === 'string' ? undefined : rules.find(({ type }) => type === unmatched.type);
  return rest && arrivalOf(news, rest, {});
}

function arrivalOf({ correlationId, time, object: told }: ObjectNews, rule: DispatchRule, parts: KeyParts): Arrival {
  const object: FileObject = {
    ...told,
    ...(told.sequencer !== undefined && { sequencer: normalizeSequencer(told.sequencer) }),
  };
  const sequence =
    rule.sequencePart === undefined
      ? rule.type
      : `${rule.type}/${encodeURIComponent(partOf(parts, rule.sequencePart, rule))}`;
  return {
    id: fileId(object, time),
    type: rule.type,
    ...(rule.slots > 0 && { sequence }),
    slots: rule.slots,
    order:
      rule.orderPart === undefined
        ? orderByTime(time, object.sequencer)
        : orderByPart(partOf(parts, rule.orderPart, rule)),
    ...(rule.settleSeconds > 0 && { notBefore: Date.parse(time) + rule.settleSeconds * 1_000 }),
    object,
    policy: {
      maxAttempts: rule.maxAttempts,
      exhausted: rule.exhausted,
      backoffMs: rule.backoffSeconds * 1_000,
      maxBackoffMs: rule.maxBackoffSeconds * 1_000,
      hangTimeoutMs: rule.hangTimeoutSeconds * 1_000,
      maxRuntimeMs: rule.maxRuntimeSeconds * 1_000,
    },
    late: rule.late,
    overwrite: rule.overwrite ?? (object.versionId === undefined ? 'latest' : 'each'),
    correlationId,
  };
}

function partOf(parts: KeyParts, name: string, { type }: DispatchRule): string {
  if (!Object.hasOwn(parts, name)) {
    throw new RangeError(`the match function of type ${type} did not tell the part ${name}`);
  }
  return parts[name];
}
