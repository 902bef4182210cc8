import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type Clock, sleep, systemClock } from '../support/clock.js';
import { OptionChecks } from '../support/option-checks.js';

/** How often requests may be made. */
export interface RateLimit {
  /** Resolves when one request may be made. @throws the reason of `signal` */
  take(signal?: AbortSignal): Promise<void>;
  /** The server asked for silence: no request of anybody before `ms` milliseconds have passed. */
  pause(ms: number): Promise<void>;
}

export interface SharedRateLimitOptions {
  readonly client: DynamoDBClient;
  /** Table with the text keys `pk` and `sk`, such as that of `ExportJobStore`. */
  readonly tableName: string;
  /** Whose limit it is; everyone with the same name shares it. */
  readonly name: string;
  /** Requests in a second, of all tasks together; more than 0, at most 10,000. */
  readonly perSecond: number;
  /** Requests that may follow one another at once after silence; at least 1. @default 1 */
  readonly burst?: number;
  readonly clock?: Clock;
}

/**
 * A rate that all tasks of a service share, in one item of a DynamoDB table.
 *
 * The item holds the time of the next free place. Whoever wants places moves that time on by as many as it needs, in
 * one atomic update, and waits for its
 * own; the requests of one task that wait at the same time take their places together, so a task makes at most one
 * update at a time, whatever the rate.
 * Needs `dynamodb:UpdateItem`.
 *
 * Limitation: places are times of day, so a task whose clock is wrong makes its requests too early or too late by as
 * much; their number stays right.
 */
export class SharedRateLimit implements RateLimit {
  readonly #options: SharedRateLimitOptions;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  #waiting: { readonly resolve: (place: number) => void; readonly reject: (error: unknown) => void }[] = [];
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
    const place = await new Promise<number>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (!this.#taking) {
        void this.#takeForAll();
      }
    });
    await sleep(this.#clock, Math.max(0, place - this.#now()), signal);
    signal?.throwIfAborted();
  }

  async pause(ms: number): Promise<void> {
    const until = this.#now() + ms;
    await this.#update(
      { UpdateExpression: 'SET nextAt = :next', ConditionExpression: 'attribute_not_exists(nextAt) OR nextAt < :next' },
      { ':next': until },
    );
  }

  /** Takes places for whoever waits, until nobody does. */
  async #takeForAll(): Promise<void> {
    this.#taking = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        const first = await this.#places(waiting.length);
        waiting.forEach(({ resolve }, i) => resolve(first + i * this.#intervalMs));
      } catch (error) {
        waiting.forEach(({ reject }) => reject(error));
      }
    }
    this.#taking = false;
  }

  /** The time of the first of `count` places. */
  async #places(count: number): Promise<number> {
    const taken = count * this.#intervalMs;
    for (;;) {
      // After silence, places of the past are free: as many as the burst.
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
        return next - taken;
      }
    }
  }

  /** The new time; undefined when the condition did not hold. */
  async #update(
    update: Partial<UpdateItemCommandInput>,
    values: Readonly<Record<string, number>>,
  ): Promise<number | undefined> {
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
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Number(Attributes?.nextAt.N);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return undefined;
      }
      throw error;
    }
  }

  /** Milliseconds since 1970: what tasks on several machines agree on. */
  #now(): number {
    return this.#clock.date().getTime();
  }
}
