import { createHash } from 'node:crypto';
import { type FileObject } from './rows.js';
import { comparableSequencer } from '../support/sequencer.js';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Makes sequencers of one key comparable as text: upper case, left-padded with zeros to 32 digits.
 *
 * @throws RangeError for anything that is not hexadecimal text of 1 to 32 digits
 */
export function normalizeSequencer(sequencer: string): string {
  const comparable = comparableSequencer(sequencer);
  if (comparable === undefined) {
    throw new RangeError(
      `Expected a sequencer to be 1 to 32 hexadecimal digits, got: ${JSON.stringify(sequencer.slice(0, 64))}`,
    );
  }
  return comparable;
}

/** True only if both are known and the first is smaller. */
export const isOlder = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && one < other;

/**
 * Identifies one version of one object; the same for every delivery of its event.
 *
 * The event id is not suitable, because S3 can send an event twice with different ids.
 */
export function fileId(object: FileObject, eventTime: string): string {
  const version =
    object.versionId ??
    (object.sequencer === undefined
      ? `${object.etag ?? ''}@${eventTime}`
      : `seq:${normalizeSequencer(object.sequencer)}`);
  return base32(createHash('sha256').update(`${object.bucket}\0${object.key}\0${version}`).digest());
}

/**
 * Longer names do not fit into the keys of a store beside an order and an id. None of them worked in earlier releases,
 * so no stored file has another name.
 */
const MAX_SEQUENCE = 960;
const SEQUENCE_HASH = 26;

/** The name of the sequence of a type, for one value of a part of the key. */
export function sequenceOf(type: string, part: string): string {
  const name = `${type}/${encodeURIComponent(part)}`;
  return name.length <= MAX_SEQUENCE
    ? name
    : `${name.slice(0, MAX_SEQUENCE - SEQUENCE_HASH - 1)}~${base32(createHash('sha256').update(name).digest()).slice(0, SEQUENCE_HASH)}`;
}

function base32(bytes: Buffer): string {
  let text = '';
  let rest = 0n;
  let bits = 0;
  for (const byte of bytes) {
    rest = (rest << 8n) | BigInt(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32.charAt(Number((rest >> BigInt(bits)) & 31n));
    }
    rest &= (1n << BigInt(bits)) - 1n;
  }
  return bits > 0 ? text + BASE32.charAt(Number((rest << BigInt(5 - bits)) & 31n)) : text;
}
