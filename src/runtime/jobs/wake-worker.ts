import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { WakeUpMessage } from '../../contract/wake-up.js';

/**
 * Wakes a `QueueScaledFargateWorker` that has `wake: WakeUp.onArrival()`, for producers that put jobs into its queue
 * themselves.
 *
 * To be called after the jobs are sent, once for all of them. Calling it more often does no harm: SQS drops all but one
 * call in five minutes,
 * and the wake-up that it lets through watches the queue for longer than that.
 *
 * @param client may send to the wake-up queue; the construct's `grantWake` allows it
 * @param wakeUpQueueUrl URL of the construct's `wakeUpQueue`
 * @param signal gives the call up
 * @throws what the client throws; the jobs are in their queue all the same, and start when its metrics tell of them
 */
export async function wakeWorker(client: SQSClient, wakeUpQueueUrl: string, signal?: AbortSignal): Promise<void> {
  const command = new SendMessageCommand({
    QueueUrl: wakeUpQueueUrl,
    MessageBody: JSON.stringify(WakeUpMessage.body),
    MessageGroupId: WakeUpMessage.groupId,
  });
  await client.send(command, { ...(signal && { abortSignal: signal }) });
}
