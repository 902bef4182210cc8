import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { WakeUpMessage } from '../../contract/wake-up.js';

/**
 * Wakes a `QueueScaledFargateWorker` with `wake: WakeUp.onArrival()`, for producers that send jobs to its queue
 * themselves.
 *
 * Call it after the jobs are sent, once for all of them. More calls are harmless: SQS deduplicates calls within five
 * minutes, and the accepted wake-up watches the queue for longer than that.
 *
 * @param client may send to the wake-up queue; the construct's `grantWake` allows it
 * @param wakeUpQueueUrl URL of the construct's `wakeUpQueue`
 * @param signal aborts the call
 * @throws errors of the client; the jobs remain in their queue, and start when its metrics are available
 */
export async function wakeWorker(client: SQSClient, wakeUpQueueUrl: string, signal?: AbortSignal): Promise<void> {
  const command = new SendMessageCommand({
    QueueUrl: wakeUpQueueUrl,
    MessageBody: JSON.stringify(WakeUpMessage.body),
    MessageGroupId: WakeUpMessage.groupId,
  });
  await client.send(command, { ...(signal && { abortSignal: signal }) });
}
