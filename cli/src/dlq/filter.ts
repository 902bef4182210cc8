import { fitsPattern } from '../support/pattern';
import type { Letter } from './letter';

/** Which messages are meant; all that is said must be so. */
export interface LetterFilter {
  /** `*` stands for any text. */
  readonly key?: string;
  /** Part of the reason. */
  readonly reason?: string;
  readonly correlationId?: string;
  readonly messageId?: string;
  readonly sentBefore?: Date;
  readonly sentAfter?: Date;
}

export function matcher({
  key,
  reason,
  correlationId,
  messageId,
  sentBefore,
  sentAfter,
}: LetterFilter): (letter: Letter) => boolean {
  return (letter) =>
    (key === undefined || (letter.key !== undefined && fitsPattern(key, letter.key))) &&
    (reason === undefined || letter.reason?.includes(reason) === true) &&
    (correlationId === undefined || letter.correlationId === correlationId) &&
    (messageId === undefined || letter.messageId === messageId) &&
    (sentBefore === undefined || letter.sentAt < sentBefore) &&
    (sentAfter === undefined || letter.sentAt > sentAfter);
}
