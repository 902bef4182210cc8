import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, systemClock } from '../support/clock.js';
import { faultOf } from '../support/faults.js';
import { resendOf, readResent } from './resend.js';
import type { MessageAttributes, ReceivedMessage } from './transport.js';

/** The fields of an SQS record in a Lambda event that are read here. */
export interface FunctionMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: {
    readonly ApproximateReceiveCount?: string;
    /** Milliseconds since 1970. */
    readonly SentTimestamp?: string;
  };
  readonly messageAttributes?: Readonly<
    Record<string, { readonly dataType: string; readonly stringValue?: string; readonly binaryValue?: string }>
  >;
}

export interface MessageWaitOptions {
  readonly sqs: SQSClient;
  /** The queue of the messages; a standard queue. */
  readonly queueUrl: string;
  /** Called for each refusal, at most once in ten seconds, with the time since the first. */
  readonly onUnavailable: (dependency: string, seconds: number) => void;
  readonly onFailed: (message: FunctionMessage, error: unknown) => void;
  readonly clock?: Clock;
}

/** A dependency that has refused a call is called again after this time. */
const PAUSE_MS = 10_000;
/**
 * Delay of a message that waits. Each of them reports the outage when it is received again, and its alarm needs a data
 * point for each minute.
 */
const DELAY_SECONDS = { min: 25, max: 50 } as const;
/** If this number of other messages is done after a message was sent anew, the message itself is refused. */
const ANSWERS = 3;
/** Retention begins again with each message that is sent anew; this is its default. */
const MAX_WAIT_MS = 4 * 86_400_000;

/**
 * Messages of a function that consumes a standard queue, while a dependency denies, throttles or does not answer.
 *
 * SQS counts each receive, and would move the messages to the dead-letter queue. So they are sent anew, with a delay,
 * their first id and time, and their attempts, as a worker does. The instances of a function share no memory: each
 * calls the dependency at most once in ten seconds, with a single message.
 *
 * A message that is refused while others are done uses up receives, and so does one that has waited for four days.
 */
export class MessageWait {
  readonly #options: MessageWaitOptions;
  readonly #clock: Clock;
  /** Dates of the last messages that were done. */
  #answers: readonly number[] = [];
  #outage: { readonly since: number; readonly refusedAt: number } | undefined;

  constructor(options: MessageWaitOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Whether a dependency is unavailable: the next call is a probe, with a single message. */
  get isUnavailable(): boolean {
    return this.#outage !== undefined;
  }

  /** Whether the dependency was called in the last ten seconds, so that messages wait without a call. */
  get isPaused(): boolean {
    return this.#outage !== undefined && this.#clock.now() < this.#outage.refusedAt + PAUSE_MS;
  }

  answered(): void {
    this.#outage = undefined;
    this.#answers = [...this.#answers, this.#clock.date().getTime()].slice(-ANSWERS);
  }

  /** Whether a dependency failed, and not the work on a message; such a message waits. */
  refused(message: FunctionMessage, error: unknown): boolean {
    const fault = faultOf(error);
    if (fault.kind !== 'world' || this.#isOwnFault(message)) {
      return false;
    }
    const now = this.#clock.now();
    const since = this.#outage?.since ?? now;
    if (!this.isPaused) {
      this.#options.onUnavailable(fault.dependency, (now - since) / 1_000);
    }
    this.#outage = { since, refusedAt: now };
    return true;
  }

  /**
   * Runs work on each message, concurrently unless a dependency is unavailable.
   *
   * @returns ids of the messages that Lambda must not delete
   */
  async run<T extends FunctionMessage>(
    messages: readonly T[],
    work: (message: T) => Promise<void>,
  ): Promise<readonly string[]> {
    const failed: string[] = [];
    const one = async (message: T) => {
      if (!(await this.#isSettled(message, work))) {
        failed.push(message.messageId);
      }
    };
    if (this.isUnavailable) {
      // One after the other: after the first refusal, the others wait without a call
      for (const message of messages) {
        await one(message);
      }
    } else {
      await Promise.all(messages.map(one));
    }
    return failed;
  }

  /** Whether the message is done, or sent anew. */
  async #isSettled<T extends FunctionMessage>(message: T, work: (message: T) => Promise<void>): Promise<boolean> {
    if (this.isPaused) {
      return this.postpone(message);
    }
    try {
      await work(message);
      this.answered();
      return true;
    } catch (error) {
      if (this.refused(message, error)) {
        return this.postpone(message);
      }
      this.#options.onFailed(message, error);
      return false;
    }
  }

  /** Whether other messages were done since this one was sent anew, or it has waited for too long. */
  #isOwnFault(message: FunctionMessage): boolean {
    const { resent, sentAt = 0 } = receivedOf(message);
    const now = this.#clock.date().getTime();
    const third = this.#answers.length < ANSWERS ? 0 : (this.#answers[0] ?? 0);
    return resent !== undefined && (third > sentAt || now - (resent.sentAt ?? now) > MAX_WAIT_MS);
  }

  /** Sends a message anew. Otherwise, Lambda must not delete it. */
  async postpone(message: FunctionMessage): Promise<boolean> {
    const { sqs, queueUrl, onFailed } = this.#options;
    const received = receivedOf(message);
    const attempts = (received.resent?.attempts ?? 0) + received.receiveCount - 1;
    const { body, attributes } = resendOf(received, attempts) ?? {};
    if (body === undefined) {
      return false;
    }
    const { min, max } = DELAY_SECONDS;
    try {
      await sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: body,
          MessageAttributes: attributes as Record<string, { DataType: string }>,
          DelaySeconds: min + Math.floor(Math.random() * (max - min + 1)),
        }),
      );
      return true;
    } catch (error) {
      onFailed(message, error);
      return false;
    }
  }
}

function receivedOf(message: FunctionMessage): ReceivedMessage {
  const { ApproximateReceiveCount: receiveCount = '1', SentTimestamp: sentAt } = message.attributes ?? {};
  return readResent({
    messageId: message.messageId,
    receiptHandle: '',
    body: message.body,
    receiveCount: Number(receiveCount),
    ...(sentAt !== undefined && { sentAt: Number(sentAt) }),
    attributes: attributesOf(message),
  });
}

function attributesOf({ messageAttributes = {} }: FunctionMessage): MessageAttributes {
  return Object.fromEntries(
    Object.entries(messageAttributes).map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      {
        DataType: dataType,
        ...(stringValue !== undefined && { StringValue: stringValue }),
        ...(binaryValue !== undefined && { BinaryValue: Buffer.from(binaryValue, 'base64') }),
      },
    ]),
  );
}
