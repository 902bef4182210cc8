import { createHash, getFips } from 'node:crypto';
import { type QueuePolicy } from './queue-policy.js';
import { type ReceivedMessage } from './transport.js';

/**
 * Separates the messages of one answer whose body is as SQS has it from those that were damaged on the way, by the MD5
 * digest that SQS sends with each body. On a FIFO queue, the messages behind a damaged one of the same group are set
 * aside with it, since they must not overtake it.
 */
export function separate(
  messages: readonly ReceivedMessage[],
  policy: QueuePolicy,
): { readonly intact: readonly ReceivedMessage[]; readonly damaged: readonly ReceivedMessage[] } {
  const intact: ReceivedMessage[] = [];
  const damaged: ReceivedMessage[] = [];
  const blocked = new Set<string | undefined>();
  for (const message of messages) {
    if (isDamaged(message)) {
      damaged.push(message);
      blocked.add(message.groupId);
    } else if (policy.kind === 'FIFO' && blocked.has(message.groupId)) {
      damaged.push(message);
    } else {
      intact.push(message);
    }
  }
  return { intact, damaged };
}

function isDamaged({ body, bodyMd5 }: ReceivedMessage): boolean {
  // In FIPS mode Node.js has no MD5; TLS protects the body as well.
  return bodyMd5 !== undefined && getFips() === 0 && createHash('md5').update(body).digest('hex') !== bodyMd5;
}
