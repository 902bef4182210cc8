import { fitsPattern } from '../support/pattern';
import type { FailedItem } from './failed-item';

/** An item must match every property that is given. */
export interface ItemFilter {
  /** `*` matches any text. */
  readonly key?: string;
  /** Part of the reason. */
  readonly reason?: string;
  readonly correlationId?: string;
  readonly id?: string;
  readonly failedBefore?: Date;
  readonly failedAfter?: Date;
}

export function matcher({
  key,
  reason,
  correlationId,
  id,
  failedBefore,
  failedAfter,
}: ItemFilter): (item: FailedItem) => boolean {
  return (item) =>
    (key === undefined || (item.key !== undefined && fitsPattern(key, item.key))) &&
    (reason === undefined || item.reason?.includes(reason) === true) &&
    (correlationId === undefined || item.correlationId === correlationId) &&
    (id === undefined || item.id === id) &&
    (failedBefore === undefined || item.failedAt < failedBefore) &&
    (failedAfter === undefined || item.failedAt > failedAfter);
}
