import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type Clock, sleep, systemClock } from '../support/clock.js';
import { DependencyUnavailable } from '../errors.js';
import { OptionChecks } from '../support/option-checks.js';

/** The longest pause that a server may ask for. */
const MAX_PAUSE_MS = 900_000;
/** During a longer pause, requests fail instead of waiting, so that their jobs need no slot. */
const SHORT_PAUSE_MS = 20_000;

/** A limit of the request rate. */
export interface RateLimit {
  /**
   * Resolves when one request may be made.
   *
   * @throws the reason of `signal`
   * @throws DependencyUnavailable during a long pause, so that jobs wait without a slot
   */
  take(signal?: AbortSignal): Promise<void>;
  /** Pauses all requests for `ms` milliseconds, at most 15 minutes, as requested by the server. */
  pause(ms: number): Promise<void>;
}

export interface SharedRateLimitOptions {
  readonly client: DynamoDBClient;
  /** Table with the text keys `pk` and `sk`, such as that of `ExportJobStore`. */
  readonly tableName: string;
  /** Name of the limit; clients with the same name share it. */
  readonly name: string;
  /** Maximum requests per second across all tasks; more than 0, at most 10,000. */
  readonly perSecond: number;
  /** Requests that may be made at once after an idle time; at least 1. @default 1 */
  readonly burst?: number;
  readonly clock?: Clock;
}

/**
 * A rate limit shared by all tasks of a service, stored in one item of a DynamoDB table.
 *
 * The item contains the next free request time. A task reserves times for its waiting requests by advancing it in one
 * atomic update, and then waits for its own times. Concurrent requests of a task are reserved together, so that a task
 * makes at most one update at a time, regardless of the rate. Needs `dynamodb:UpdateItem`.
 *
 * Limitation: times are wall-clock times, so a task with clock skew makes its requests too early or too late; the rate
 * stays correct.
 */
export class SharedRateLimit implements RateLimit {
  readonly #options: SharedRateLimitOptions;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  #waiting: { readonly resolve: (time: number) => void; readonly reject: (error: unknown) => void }[] = [];
  #taking = false;

  /** @throws ConfigurationError naming each option that is out of its range */
  constructor(options: SharedRateLimitOptions) {
    const { perSecond, burst = 1, clock = systemClock } = options;
    const checks = new OptionChecks();
    checks.number('perSecond', perSecond, { min: 0.000_1, max: 10_000 });
    checks.number('burst', burst, { min: 1, max: 10_000, integer: true });
    checks.done();
    this.#options = options;
    this.#clock = clock;
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = burst;
  }

  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const time = await new Promise<number>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (!this.#taking) {
        void this.#reserveForWaiting();
      }
    });
    await sleep(this.#clock, Math.max(0, time - this.#now()), signal);
    signal?.throwIfAborted();
  }

  async pause(ms: number): Promise<void> {
    const until = Math.ceil(this.#now() + Math.min(Math.max(0, ms), MAX_PAUSE_MS));
    await this.#update(
      {
        UpdateExpression: 'SET nextAt = :next, pausedUntil = :next',
        ConditionExpression: 'attribute_not_exists(nextAt) OR nextAt < :next',
      },
      { ':next': until },
    );
  }

  /** Reserves times for waiting requests until there are none. */
  async #reserveForWaiting(): Promise<void> {
    this.#taking = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        const first = await this.#reserve(waiting.length);
        waiting.forEach(({ resolve }, i) => resolve(first + i * this.#intervalMs));
      } catch (error) {
        waiting.forEach(({ reject }) => reject(error));
      }
    }
    this.#taking = false;
  }

  /** Reserves `count` request times; returns the first. @throws DependencyUnavailable during a long pause */
  async #reserve(count: number): Promise<number> {
    const taken = count * this.#intervalMs;
    for (;;) {
      // After an idle time, past request times are free, up to the burst.
      const floor = this.#now() - (this.#burst - 1) * this.#intervalMs;
      const next =
        (await this.#update(
          { UpdateExpression: 'SET nextAt = nextAt + :taken', ConditionExpression: 'nextAt >= :floor' },
          { ':taken': taken, ':floor': floor },
        )) ??
        (await this.#update(
          {
            UpdateExpression: 'SET nextAt = :next',
            ConditionExpression: 'attribute_not_exists(nextAt) OR nextAt < :floor',
          },
          { ':next': floor + taken, ':floor': floor },
        ));
      if (next !== undefined) {
        const leftMs = next.pausedUntil - this.#now();
        if (leftMs > SHORT_PAUSE_MS) {
          throw new DependencyUnavailable(this.#options.name, {
            retryAfterSeconds: leftMs / 1_000,
            reason: `requests to ${this.#options.name} are paused for ${Math.ceil(leftMs / 1_000)} seconds, as it asked`,
          });
        }
        return next.nextAt - taken;
      }
    }
  }

  /** The new times; undefined if the condition did not hold. */
  async #update(
    update: Partial<UpdateItemCommandInput>,
    values: Readonly<Record<string, number>>,
  ): Promise<{ readonly nextAt: number; readonly pausedUntil: number } | undefined> {
    const { client, tableName, name } = this.#options;
    try {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          ...update,
          TableName: tableName,
          Key: { pk: { S: `RATE#${name}` }, sk: { S: 'RATE' } },
          ExpressionAttributeValues: Object.fromEntries(
            Object.entries(values).map(([key, value]) => [key, { N: String(value) }]),
          ),
          ReturnValues: 'ALL_NEW',
        }),
      );
      const { nextAt, pausedUntil } = Attributes as Partial<Record<string, { readonly N?: string }>>;
      return { nextAt: Number(nextAt?.N), pausedUntil: Number(pausedUntil?.N ?? 0) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return undefined;
      }
      throw error;
    }
  }

  /** Milliseconds since 1970, comparable between machines. */
  #now(): number {
    return this.#clock.date().getTime();
  }
}
