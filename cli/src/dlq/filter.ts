import { fitsPattern } from '../support/pattern';
import type { DeadLetterMessage } from './message';

/** A message must match every property that is given. */
export interface MessageFilter {
  /** `*` matches any text. */
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
}: MessageFilter): (message: DeadLetterMessage) => boolean {
  return (message) =>
    (key === undefined || (message.key !== undefined && fitsPattern(key, message.key))) &&
    (reason === undefined || message.reason?.includes(reason) === true) &&
    (correlationId === undefined || message.correlationId === correlationId) &&
    (messageId === undefined || message.messageId === messageId) &&
    (sentBefore === undefined || message.sentAt < sentBefore) &&
    (sentAfter === undefined || message.sentAt > sentAfter);
}
