import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type BatchResultErrorEntry,
  type Message,
  type MessageAttributeValue,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { getFips } from 'node:crypto';
import {
  type EntryFailure,
  type OutgoingMessage,
  type QueueFacts,
  type QueueTransport,
  type ReceivedMessage,
  type ReceiveRequest,
  type VisibilityEntry,
} from './transport.js';
import { sqsEndpoint } from '../../contract/sqs-endpoint.js';

const CONNECTION_TIMEOUT_MS = 5_000;
/** An answer to anything but a long poll takes milliseconds; after ten seconds the connection is dead. */
const CALL_TIMEOUT_MS = 10_000;
/** Longer than the poller's own limit for a long poll, which is to report the timeout. */
const RECEIVE_TIMEOUT_MS = 35_000;
/** After this time no call of a replaced client is open. */
const RETIRE_AFTER_MS = 60_000;
/** The SDK's default of 50 would let long polls starve each other in a worker with several queues. */
const MAX_SOCKETS = 200;

interface Clients {
  readonly receive: SQSClient;
  readonly control: SQSClient;
}

/**
 * SQS through the AWS SDK.
 *
 * Long polls have a client of their own, so that deletes and heartbeats never wait for a socket. Both clients have
 * timeouts, which the SDK does not set: without them one dead connection would stop a worker for ever.
 */
export class SqsTransport implements QueueTransport {
  readonly #config: SQSClientConfig;
  readonly #retired = new Set<Clients>();
  #clients: Clients | undefined;
  /** Milliseconds by which the clock of SQS differs, as the replaced clients found it. */
  #systemClockOffset: number | undefined;

  /** @param config options for the clients, such as `region` or `endpoint`; request handler and retries are ours */
  constructor(config: SQSClientConfig = {}) {
    this.#config = config;
  }

  async receive(request: ReceiveRequest): Promise<readonly ReceivedMessage[]> {
    const output = await this.#client('receive').send(
      new ReceiveMessageCommand({
        QueueUrl: request.queueUrl,
        MaxNumberOfMessages: request.maxMessages,
        WaitTimeSeconds: request.waitTimeSeconds,
        VisibilityTimeout: request.visibilityTimeoutSeconds,
        ReceiveRequestAttemptId: request.attemptId,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId', 'AWSTraceHeader'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: request.signal },
    );
    return (output.Messages ?? []).map(toReceived);
  }

  async deleteBatch(
    queueUrl: string,
    receiptHandles: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly EntryFailure[]> {
    const output = await this.#client('control').send(
      new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
      }),
      { abortSignal: signal },
    );
    return toFailures(output.Failed);
  }

  async changeVisibilityBatch(
    queueUrl: string,
    entries: readonly VisibilityEntry[],
    signal: AbortSignal,
  ): Promise<readonly EntryFailure[]> {
    const output = await this.#client('control').send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: entries.map(({ receiptHandle, visibilityTimeoutSeconds }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: visibilityTimeoutSeconds,
        })),
      }),
      { abortSignal: signal },
    );
    return toFailures(output.Failed);
  }

  async send(queueUrl: string, message: OutgoingMessage, signal: AbortSignal): Promise<void> {
    await this.#client('control').send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: message.body,
        MessageAttributes: message.attributes as Record<string, MessageAttributeValue> | undefined,
        MessageGroupId: message.groupId,
        MessageDeduplicationId: message.deduplicationId,
      }),
      { abortSignal: signal },
    );
  }

  async describe(queueUrl: string, signal: AbortSignal): Promise<QueueFacts> {
    const { Attributes = {} } = await this.#client('control').send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }),
      { abortSignal: signal },
    );
    const policy = JSON.parse(Attributes.RedrivePolicy ?? '{}') as { maxReceiveCount?: number | string };
    return policy.maxReceiveCount === undefined ? {} : { maxReceiveCount: Number(policy.maxReceiveCount) };
  }

  /**
   * Open calls of the old clients continue: aborting the long polls of other queues would hide messages, and an aborted
   * delete or heartbeat would be repeated. The new clients know the clock offset of the old ones: without it, their
   * first calls would be refused on a machine whose clock is wrong.
   */
  reset(): void {
    const clients = this.#clients;
    if (clients !== undefined) {
      this.#clients = undefined;
      this.#systemClockOffset = clients.receive.config.systemClockOffset;
      this.#retired.add(clients);
      setTimeout(() => this.#destroy(clients), RETIRE_AFTER_MS).unref();
    }
  }

  close(): void {
    [...this.#retired, ...(this.#clients === undefined ? [] : [this.#clients])].forEach((clients) =>
      this.#destroy(clients),
    );
  }

  #destroy(clients: Clients): void {
    this.#retired.delete(clients);
    clients.receive.destroy();
    clients.control.destroy();
  }

  #create(): Clients {
    const config = {
      ...sqsEndpoint(process.env),
      ...(this.#systemClockOffset === undefined ? {} : { systemClockOffset: this.#systemClockOffset }),
      ...this.#config,
    };
    return {
      // One attempt: the poller retries a receive itself, to report the failure and to repeat the attempt id of a FIFO
      // queue. It also verifies the bodies: the SDK would refuse the whole answer for one that is damaged.
      receive: new SQSClient({
        ...config,
        md5: false,
        maxAttempts: 1,
        requestHandler: requestHandler(RECEIVE_TIMEOUT_MS),
      }),
      control: new SQSClient({
        ...config,
        // In FIPS mode Node.js has no MD5, and the SDK could send nothing.
        ...(getFips() === 1 && { md5: false }),
        requestHandler: requestHandler(CALL_TIMEOUT_MS),
      }),
    };
  }

  #client(use: 'receive' | 'control'): SQSClient {
    this.#clients ??= this.#create();
    return this.#clients[use];
  }
}

function requestHandler(requestTimeout: number): SQSClientConfig['requestHandler'] {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpAgent: agent,
    httpsAgent: agent,
  };
}

function toReceived(message: Message): ReceivedMessage {
  const system = message.Attributes ?? {};
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    ...(message.MD5OfBody === undefined ? {} : { bodyMd5: message.MD5OfBody }),
    receiveCount: Number(system.ApproximateReceiveCount ?? 1),
    attributes: message.MessageAttributes ?? {},
    ...(system.SentTimestamp === undefined ? {} : { sentAt: Number(system.SentTimestamp) }),
    ...(system.MessageGroupId === undefined ? {} : { groupId: system.MessageGroupId }),
    ...(system.AWSTraceHeader === undefined ? {} : { traceHeader: system.AWSTraceHeader }),
  };
}

function toFailures(failed: readonly BatchResultErrorEntry[] | undefined): readonly EntryFailure[] {
  return (failed ?? []).map(({ Id, Code, Message: text }) => ({
    index: Number(Id),
    code: Code ?? 'Unknown',
    message: text ?? '',
  }));
}
