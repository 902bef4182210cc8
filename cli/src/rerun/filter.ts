import { fitsPattern } from '../support/pattern';
import type { FailedItem } from './failed-item';

/** An item must match every property that is given. */
export interface ItemFilter {
  /** `*` matches any text. */
  readonly key?: string;
  /** Of a dispatcher's file. */
  readonly type?: string;
  readonly sequence?: string;
  /** Part of the reason. */
  readonly reason?: string;
  readonly correlationId?: string;
  readonly id?: string;
  readonly failedBefore?: Date;
  readonly failedAfter?: Date;
}

/** The part of the key is as it is in the key, or encoded as in rows. */
const isSequence = (given: string, { sequence = '' }: FailedItem): boolean => {
  const [type = '', ...parts] = given.split('/');
  return sequence === given || sequence === `${type}/${encodeURIComponent(parts.join('/'))}`;
};

export function matcher({
  key,
  type,
  sequence,
  reason,
  correlationId,
  id,
  failedBefore,
  failedAfter,
}: ItemFilter): (item: FailedItem) => boolean {
  return (item) =>
    (key === undefined || (item.key !== undefined && fitsPattern(key, item.key))) &&
    (type === undefined || item.type === type) &&
    (sequence === undefined || isSequence(sequence, item)) &&
    (reason === undefined || item.reason?.includes(reason) === true) &&
    (correlationId === undefined || item.correlationId === correlationId) &&
    (id === undefined || item.id === id) &&
    (failedBefore === undefined || item.failedAt < failedBefore) &&
    (failedAfter === undefined || item.failedAt > failedAfter);
}
