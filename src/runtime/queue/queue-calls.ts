import {
  type EntryFailure,
  type OutgoingMessage,
  type QueueFacts,
  type QueueTransport,
  type ReceivedMessage,
  type ReceiveRequest,
  type VisibilityEntry,
} from './transport.js';
import { bounded } from '../support/bounded.js';
import { type Clock } from '../support/clock.js';

/** A batch call of the SDK with its own retries; after this time it counts as failed. */
const CALL_LIMIT_MS = 15_000;
/** What a long poll may take beyond its wait. */
const RECEIVE_SLACK_MS = 10_000;

export type QueueOperation = 'receive' | 'delete' | 'changeVisibility' | 'send' | 'describe';

export interface QueueCallsOptions {
  readonly transport: QueueTransport;
  readonly url: string;
  readonly clock: Clock;
  readonly onCall: (operation: QueueOperation) => void;
}

/** The calls to one queue: each is counted and none can hang. */
export class QueueCalls {
  constructor(private readonly options: QueueCallsOptions) {}

  get url(): string {
    return this.options.url;
  }

  receive(
    request: Omit<ReceiveRequest, 'queueUrl' | 'signal'>,
    signal: AbortSignal,
  ): Promise<readonly ReceivedMessage[]> {
    const limitMs = request.waitTimeSeconds * 1_000 + RECEIVE_SLACK_MS;
    return this.#call('receive', limitMs, signal, (bound) =>
      this.options.transport.receive({ ...request, queueUrl: this.url, signal: bound }),
    );
  }

  delete(receiptHandles: readonly string[]): Promise<readonly EntryFailure[]> {
    return this.#call('delete', CALL_LIMIT_MS, undefined, (bound) =>
      this.options.transport.deleteBatch(this.url, receiptHandles, bound),
    );
  }

  changeVisibility(entries: readonly VisibilityEntry[]): Promise<readonly EntryFailure[]> {
    return this.#call('changeVisibility', CALL_LIMIT_MS, undefined, (bound) =>
      this.options.transport.changeVisibilityBatch(this.url, entries, bound),
    );
  }

  /** @param queueUrl another queue than this one, such as its dead-letter queue */
  send(message: OutgoingMessage, queueUrl = this.url): Promise<void> {
    return this.#call('send', CALL_LIMIT_MS, undefined, (bound) =>
      this.options.transport.send(queueUrl, message, bound),
    );
  }

  describe(): Promise<QueueFacts> {
    return this.#call('describe', CALL_LIMIT_MS, undefined, (bound) =>
      this.options.transport.describe(this.url, bound),
    );
  }

  #call<T>(
    what: QueueOperation,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    call: (bound: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.options.onCall(what);
    return bounded(
      {
        clock: this.options.clock,
        timeoutMs,
        what: `${what} on ${this.url}`,
        ...(signal === undefined ? {} : { signal }),
      },
      call,
    );
  }
}
