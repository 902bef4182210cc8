import { InMemoryQueue, type InMemoryQueueOptions, type Refusal, type StoredMessage } from './in-memory-queue.js';
import {
  type EntryFailure,
  type OutgoingMessage,
  type QueueFacts,
  type QueueTransport,
  type ReceivedMessage,
  type ReceiveRequest,
  type VisibilityEntry,
} from '../queue/transport.js';
import { type Clock, systemClock } from '../support/clock.js';

/**
 * Queues in memory that a `QueuePoller` can work on, for tests of handlers without any network:
 *
 * ```ts
 * const clock = new ManualClock();
 * const queues = new InMemoryQueues(clock);
 * const queue = queues.create('jobs');
 * const poller = new QueuePoller({ queues: [{ url: queue.url, handler }], transport: queues, clock });
 * ```
 */
export class InMemoryQueues implements QueueTransport {
  readonly #queues = new Map<string, InMemoryQueue>();

  constructor(private readonly clock: Clock = systemClock) {}

  /** @param name a name that ends in `.fifo` makes a FIFO queue */
  create(name: string, options: InMemoryQueueOptions = {}): InMemoryQueue {
    const queue = new InMemoryQueue(`https://sqs.local/000000000000/${name}`, this.clock, options);
    this.#queues.set(queue.url, queue);
    return queue;
  }

  async receive(request: ReceiveRequest): Promise<readonly ReceivedMessage[]> {
    const queue = this.#queue(request.queueUrl);
    const until = this.clock.now() + request.waitTimeSeconds * 1_000;
    for (;;) {
      const taken = queue.take(request.maxMessages, request.visibilityTimeoutSeconds);
      if (taken.length > 0 || this.clock.now() >= until) {
        return taken.map(toReceived);
      }
      await queue.change(until, request.signal);
      request.signal.throwIfAborted();
    }
  }

  async deleteBatch(queueUrl: string, receiptHandles: readonly string[]): Promise<readonly EntryFailure[]> {
    const queue = this.#queue(queueUrl);
    return Promise.resolve(toFailures(receiptHandles.map((handle) => queue.delete(handle))));
  }

  async changeVisibilityBatch(queueUrl: string, entries: readonly VisibilityEntry[]): Promise<readonly EntryFailure[]> {
    const queue = this.#queue(queueUrl);
    return Promise.resolve(
      toFailures(
        entries.map(({ receiptHandle, visibilityTimeoutSeconds }) =>
          queue.changeVisibility(receiptHandle, visibilityTimeoutSeconds),
        ),
      ),
    );
  }

  async send(queueUrl: string, message: OutgoingMessage): Promise<void> {
    this.#queue(queueUrl).send(message.body, message);
    return Promise.resolve();
  }

  async describe(queueUrl: string): Promise<QueueFacts> {
    const { deadLetterQueue, maxReceiveCount } = this.#queue(queueUrl);
    return Promise.resolve(deadLetterQueue === undefined ? {} : { maxReceiveCount });
  }

  reset(): void {
    // There are no connections.
  }

  close(): void {
    // There are no connections.
  }

  #queue(url: string): InMemoryQueue {
    const queue = this.#queues.get(url);
    if (queue === undefined) {
      throw new Error(`AWS.SimpleQueueService.NonExistentQueue: ${url}`);
    }
    return queue;
  }
}

function toReceived(message: Readonly<StoredMessage>): ReceivedMessage {
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle ?? '',
    body: message.body,
    receiveCount: message.receiveCount,
    sentAt: message.sentAt,
    attributes: message.attributes,
    ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
    ...(message.traceHeader === undefined ? {} : { traceHeader: message.traceHeader }),
  };
}

function toFailures(refusals: readonly (Refusal | undefined)[]): readonly EntryFailure[] {
  return refusals.flatMap((refusal, index) => (refusal === undefined ? [] : [{ index, ...refusal }]));
}
