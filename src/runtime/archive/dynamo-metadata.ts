import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  QueryCommand,
  type AttributeValue,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { FileworksError } from '../errors.js';
import { backoffDelay } from '../support/backoff.js';
import type { MetadataLookup } from './entries-matching.js';

const RETRY_MS = { base: 100, max: 5_000 };

/** An item as plain JavaScript. */
export type MetadataItem = Readonly<Record<string, unknown>>;

export interface DynamoMetadataOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Key attribute of the table with the name of the entry. */
  readonly nameAttribute: string;
  /**
   * The partition with all names, if `nameAttribute` is the sort key: names are then found by one `Query` of the
   * partition.
   *
   * @default - `nameAttribute` is the partition key, and names are found by `BatchGetItem`
   */
  readonly partition?: { readonly attribute: string; readonly value: string };
  /**
   * Converts the name of an entry to the key in the table. MUST be different for different names. @default - the name
   * itself
   */
  readonly keyOf?: (name: string) => string;
  /** Uses strongly consistent reads, which cost twice as much. @default false */
  readonly consistentRead?: boolean;
  /** Names, found and missing, that are cached; 0 disables the cache. @default 10_000 */
  readonly cacheEntries?: number;
  /** Attempts for keys that DynamoDB leaves unprocessed; at least 1. @default 8 */
  readonly maxAttempts?: number;
}

/** DynamoDB left keys unprocessed in every attempt: the capacity of the table is exceeded. */
export class MetadataUnavailable extends FileworksError {
  readonly code = 'ERR_METADATA_UNAVAILABLE';
  readonly dependency = 'DynamoDB';
}

/**
 * Maximum keys of one BatchGetItem. @see
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 */
const MAX_BATCH_KEYS = 100;

/** Metadata of files in a DynamoDB table. Needs `dynamodb:BatchGetItem`, or `dynamodb:Query` with a partition. */
export class DynamoMetadata implements MetadataLookup<MetadataItem> {
  readonly batchSize = MAX_BATCH_KEYS;
  readonly #options: DynamoMetadataOptions;
  readonly #cache = new Map<string, MetadataItem | undefined>();
  #partition: Promise<ReadonlyMap<string, MetadataItem>> | undefined;

  constructor(options: DynamoMetadataOptions) {
    this.#options = options;
  }

  async find(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, MetadataItem>> {
    if (this.#options.partition !== undefined) {
      return this.#findInPartition(names, signal);
    }
    const missing = names.filter((name) => !this.#cache.has(name));
    const found = new Map<string, MetadataItem>();
    for (let at = 0; at < missing.length; at += MAX_BATCH_KEYS) {
      for (const [name, item] of await this.#get(missing.slice(at, at + MAX_BATCH_KEYS), signal)) {
        found.set(name, item);
      }
    }
    for (const name of names) {
      const cached = this.#cache.get(name);
      if (cached !== undefined) {
        found.set(name, cached);
      }
    }
    for (const name of missing) {
      this.#remember(name, found.get(name));
    }
    return found;
  }

  async #get(names: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, MetadataItem>> {
    const { client, tableName, nameAttribute, consistentRead = false, maxAttempts = 8 } = this.#options;
    const nameOf = new Map(names.map((name) => [this.#keyOf(name), name]));
    const found = new Map<string, MetadataItem>();
    let keys: Record<string, AttributeValue>[] = [...nameOf.keys()].map((key) => ({ [nameAttribute]: { S: key } }));
    for (let attempt = 1; ; attempt++) {
      const request: BatchGetItemCommandInput = {
        RequestItems: { [tableName]: { Keys: keys, ConsistentRead: consistentRead } },
      };
      const answer: BatchGetItemCommandOutput = await client.send(
        new BatchGetItemCommand(request),
        signal && { abortSignal: signal },
      );
      for (const item of answer.Responses?.[tableName] ?? []) {
        const name = nameOf.get(item[nameAttribute].S ?? '');
        if (name !== undefined) {
          found.set(name, unmarshall(item));
        }
      }
      // Also if the response would exceed 16 MB: the remaining keys are then requested without waiting for capacity.
      const left = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
      if (left.length === 0) {
        return found;
      }
      const progressed = left.length < keys.length;
      keys = left;
      if (attempt >= maxAttempts) {
        throw new MetadataUnavailable(
          `DynamoDB left ${left.length} keys of ${tableName} unprocessed in ${attempt} attempts`,
        );
      }
      if (!progressed || attempt > 1) {
        await delay(backoffDelay(attempt, RETRY_MS), undefined, signal && { signal });
      }
    }
  }

  /** Reads the partition once; a failure is not cached. */
  async #findInPartition(
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, MetadataItem>> {
    this.#partition ??= this.#query(signal).catch((error: unknown) => {
      this.#partition = undefined;
      throw error;
    });
    const partition = await this.#partition;
    const found = new Map<string, MetadataItem>();
    for (const name of names) {
      const item = partition.get(this.#keyOf(name));
      if (item !== undefined) {
        found.set(name, item);
      }
    }
    return found;
  }

  async #query(signal: AbortSignal | undefined): Promise<ReadonlyMap<string, MetadataItem>> {
    const { client, tableName, nameAttribute, partition, consistentRead = false } = this.#options;
    const items = new Map<string, MetadataItem>();
    let next: Record<string, AttributeValue> | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#partition = :partition',
          ExpressionAttributeNames: { '#partition': partition?.attribute ?? '' },
          ExpressionAttributeValues: { ':partition': { S: partition?.value ?? '' } },
          ConsistentRead: consistentRead,
          ExclusiveStartKey: next,
        }),
        signal && { abortSignal: signal },
      );
      for (const item of page.Items ?? []) {
        items.set(item[nameAttribute].S ?? '', unmarshall(item));
      }
      next = page.LastEvaluatedKey;
    } while (next !== undefined);
    return items;
  }

  #keyOf(name: string): string {
    return this.#options.keyOf?.(name) ?? name;
  }

  #remember(name: string, item: MetadataItem | undefined): void {
    const { cacheEntries = 10_000 } = this.#options;
    if (cacheEntries <= 0) {
      return;
    }
    this.#cache.set(name, item);
    // The oldest is evicted first: a Map keeps insertion order.
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= cacheEntries) {
        break;
      }
      this.#cache.delete(oldest);
    }
  }
}
