import { normalizeSequencer } from './identity.js';

const MAX_PART = 128;
const NUMBER_DIGITS = 20;
/** An order is part of a sort key of DynamoDB, which has at most 1,024 bytes, beside the id of the file. */
const MAX_ORDER = 900;

/** @throws RangeError if it is not an ISO 8601 time */
export function timeOfEvent(eventTime: string): Date {
  const time = new Date(eventTime);
  if (Number.isNaN(time.getTime())) {
    throw new RangeError(`Expected the time of an event in ISO 8601, got: ${JSON.stringify(eventTime.slice(0, 64))}`);
  }
  return time;
}

/**
 * Order of files by event time. S3 event times have a resolution of one second: within a second, events of the same key
 * are ordered, events of different keys are not.
 */
export function orderByTime(eventTime: string, sequencer?: string): string {
  return `${timeOfEvent(eventTime).toISOString()}${sequencer === undefined ? '' : `.${normalizeSequencer(sequencer)}`}`;
}

/**
 * The same order for each version of a key, or for each file with the same part: the greater sequencer is later, and
 * without sequencers, which events from a listing lack, the later time.
 *
 * `*` sorts before every character of a part and before `+`, so that it only breaks ties.
 */
export const withTieBreak = (order: string, eventTime: string, sequencer?: string): string =>
  `${order}*${sequencer === undefined ? timeOfEvent(eventTime).toISOString() : normalizeSequencer(sequencer)}`;

/**
 * Order of files by a part of their key, for example a date or a sequential number. Numbers are compared numerically: 9
 * comes before 10.
 *
 * @throws RangeError for an empty part, one of more than 128 characters, or characters other than letters, digits and
 * `. _ : -`
 */
export function orderByPart(part: string): string {
  if (part.length === 0 || part.length > MAX_PART || !/^[0-9A-Za-z._:-]+$/.test(part)) {
    throw new RangeError(
      `Expected the part of the key that orders files to be 1 to ${MAX_PART} letters, digits and . _ : -, got: ${JSON.stringify(part.slice(0, MAX_PART))}`,
    );
  }
  const order = part.replaceAll(/\d+/g, comparableNumber);
  if (order.length > MAX_ORDER) {
    throw new RangeError(
      `Expected the part of the key that orders files to have about ${MAX_ORDER / NUMBER_DIGITS} numbers at most, got: ${JSON.stringify(part)}`,
    );
  }
  return order;
}

/** `:` sorts after every digit: a number of more digits comes after all of fewer, by its length first. */
function comparableNumber(number: string): string {
  const digits = number.replace(/^0+/, '');
  return digits.length <= NUMBER_DIGITS
    ? digits.padStart(NUMBER_DIGITS, '0')
    : `:${String(digits.length).padStart(3, '0')}${digits}`;
}

/**
 * An order after `greatest` for the n-th late file of a sequence.
 *
 * `+` sorts before every character of an order, so that later files which are on time still come after the appended
 * file.
 */
export const appendedOrder = (greatest: string, count: number): string =>
  `${greatest.split('+', 1)[0] ?? ''}+${String(count).padStart(NUMBER_DIGITS, '0')}`;
