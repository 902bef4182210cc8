import { setTimeout as delay } from 'node:timers/promises';
import { FileTaskError } from './file-task-errors.js';
import { backoffDelay } from '../support/backoff.js';
import { faultOf } from '../support/faults.js';

const BACKOFF = { base: 500, max: 20_000, jitter: 'equal' } as const;
/** Failures whose cause is unknown are no outage: more of them do not pass. */
const MAX_UNKNOWN = 5;

/**
 * Repeats a write of a turn until it is recorded: finished work must not be taken for failed work because the store was
 * throttled or unavailable. A write whose reply was lost is recognized when it is repeated.
 *
 * @throws FileTaskError if the turn is over; errors that are no outage of the store
 */
export async function untilRecorded<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1, unknown = 0; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      unknown += faultOf(error).kind === 'world' ? 0 : 1;
      if (error instanceof FileTaskError || unknown >= MAX_UNKNOWN) {
        throw error;
      }
      await delay(backoffDelay(attempt, BACKOFF));
    }
  }
}
