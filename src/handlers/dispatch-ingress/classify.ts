import type { DispatchRule, DispatchRules } from '../../contract/dispatch-config';
import type { Arrival } from '../../runtime/dispatch/events';
import { fileId, normalizeSequencer, sequenceOf } from '../../runtime/dispatch/identity';
import { orderByPart, orderByTime, withTieBreak } from '../../runtime/dispatch/order';
import type { FileObject, FilePolicy } from '../../runtime/dispatch/rows';
import { type KeyParts, match, matchesKey } from './match';
import type { ObjectEventRecord } from './object-event';
import type { ObjectInspector } from './object-inspector';

/**
 * The file of an event, by the first matching rule; undefined if no rule matches and unmatched files have no type.
 *
 * @throws RangeError if the key lacks the part for the sequence or order
 */
export async function classify(
  record: ObjectEventRecord,
  { rules, unmatched }: DispatchRules,
  inspector: ObjectInspector,
): Promise<Arrival | undefined> {
  for (const rule of rules) {
    const parts = await match(rule, record.object, inspector);
    if (parts !== undefined) {
      return arrivalOf(record, rule, parts);
    }
  }
  const rest = typeof unmatched === 'string' ? undefined : rules.find(({ type }) => type === unmatched.type);
  return rest && arrivalOf(record, rest, {});
}

function arrivalOf(
  { correlationId, time, object: raw }: ObjectEventRecord,
  rule: DispatchRule,
  parts: KeyParts,
): Arrival {
  const object: FileObject = {
    ...raw,
    ...(raw.sequencer !== undefined && { sequencer: normalizeSequencer(raw.sequencer) }),
  };
  const sequence =
    rule.sequencePart === undefined ? rule.type : sequenceOf(rule.type, partOf(parts, rule.sequencePart, rule));
  return {
    id: fileId(object, time),
    type: rule.type,
    ...(rule.slots > 0 && { sequence }),
    ...(rule.sequencePart !== undefined && { sequencePart: rule.sequencePart }),
    slots: rule.slots,
    order:
      rule.orderPart === undefined
        ? orderByTime(time, object.sequencer)
        : withTieBreak(orderByPart(partOf(parts, rule.orderPart, rule)), time, object.sequencer),
    ...(rule.settleSeconds > 0 && { notBefore: Date.parse(time) + rule.settleSeconds * 1_000 }),
    object,
    policy: policyOf(rule),
    late: rule.late,
    overwrite: rule.overwrite ?? (object.versionId === undefined ? 'latest' : 'each'),
    correlationId,
  };
}

function policyOf(rule: DispatchRule): FilePolicy {
  return {
    maxAttempts: rule.maxAttempts,
    exhausted: rule.exhausted,
    backoffMs: rule.backoffSeconds * 1_000,
    maxBackoffMs: rule.maxBackoffSeconds * 1_000,
    hangTimeoutMs: rule.hangTimeoutSeconds * 1_000,
    maxRuntimeMs: rule.maxRuntimeSeconds * 1_000,
    ...(rule.maxInterruptionSeconds !== undefined && { maxInterruptionMs: rule.maxInterruptionSeconds * 1_000 }),
  };
}

/**
 * The file of a version that was deleted, if its key matches a rule; other conditions cannot be checked any more.
 */
export function deletedVersion(object: FileObject, time: string, { rules }: DispatchRules) {
  const rule = object.versionId === undefined ? undefined : rules.find((each) => matchesKey(each, object.key));
  return rule && { id: fileId(object, time), type: rule.type, policy: policyOf(rule) };
}

function partOf(parts: KeyParts, name: string, { type }: DispatchRule): string {
  if (!Object.hasOwn(parts, name)) {
    throw new RangeError(`the match function of type ${type} did not return the part ${name}`);
  }
  return parts[name];
}
