import { type MessageAttribute, type MessageAttributes } from './transport.js';
import { SqsLimits } from '../../contract/service-limits.js';

const MAX_TEXT_LENGTH = 1_000;

/** The attributes of a message with ours added: SQS has room for ten, and the last ones of a full message make room. */
export function withAttributes(
  original: MessageAttributes,
  ours: Readonly<Record<string, string>>,
): Record<string, MessageAttribute> {
  const kept = Object.entries(original).filter(
    (entry): entry is [string, MessageAttribute] => entry[1] !== undefined && !(entry[0] in ours),
  );
  const added = Object.entries(ours).map(([name, text]): [string, MessageAttribute] => [
    name,
    { DataType: 'String', StringValue: toAttributeText(text) },
  ]);
  return Object.fromEntries([...kept.slice(0, SqsLimits.maxAttributes - added.length), ...added]);
}

/** SQS refuses control characters and empty values. */
function toAttributeText(text: string): string {
  const clean = text
    .slice(0, MAX_TEXT_LENGTH)
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu, ' ')
    .trim();
  return clean === '' ? 'none given' : clean;
}
