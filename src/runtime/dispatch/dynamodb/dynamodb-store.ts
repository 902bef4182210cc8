import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import {
  DUE_SHARDS,
  backlogSk,
  duePk,
  dueSk,
  fileKey,
  indexes,
  objectKey,
  pauseKey,
  queueKey,
  shardOf,
  toRow,
  failedSk,
} from './items.js';
import { transactItems } from './writes.js';
import { DependencyUnavailable } from '../../errors.js';
import { checkedNumber } from '../../support/option-checks.js';
import { type FileRow, type HeadRow, type KeyRow, type PauseRow, type QueuedFile } from '../rows.js';
import { type DispatchStore, type FailedFile, type QueuePosition, type Write } from '../store.js';

type Item = Record<string, AttributeValue>;

export interface DynamoDbStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /**
   * Retention of completed and skipped files, which are also needed to recognize duplicate events; at least 15 days.
   * Default: 90 days.
   */
  readonly retentionSeconds?: number;
}

/** Sorts after every order and id. */
const END = '\uFFFF';
const DAY_SECONDS = 86_400;
/**
 * EventBridge retries for up to 24 hours, and SQS retains messages for up to 14 days: a duplicate event can arrive this
 * late.
 */
const MIN_RETENTION_SECONDS = 15 * DAY_SECONDS;

/** Stores rows in one DynamoDB table. Decisions use strongly consistent reads of the table itself. */
export class DynamoDbStore implements DispatchStore {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #retentionSeconds: number;

  constructor({ client, tableName, retentionSeconds = 90 * DAY_SECONDS }: DynamoDbStoreOptions) {
    checkedNumber('retentionSeconds', retentionSeconds, {
      min: MIN_RETENTION_SECONDS,
      max: Number.MAX_SAFE_INTEGER,
      integer: true,
    });
    this.#client = client;
    this.#tableName = tableName;
    this.#retentionSeconds = retentionSeconds;
  }

  async file(id: string): Promise<FileRow | undefined> {
    return this.#get<FileRow>(fileKey(id));
  }

  async key(bucket: string, key: string): Promise<KeyRow | undefined> {
    return this.#get<KeyRow>(objectKey(bucket, key));
  }

  async pauses(): Promise<PauseRow | undefined> {
    return this.#get<PauseRow>(pauseKey);
  }

  async heads(sequence: string): Promise<readonly HeadRow[]> {
    const heads: HeadRow[] = [];
    for await (const item of this.#query({ ...partition(`S#${sequence}`, 'H#'), ConsistentRead: true })) {
      heads.push(toRow(item) as unknown as HeadRow);
    }
    return heads;
  }

  async queued(sequence: string, limit: number, after?: QueuePosition): Promise<readonly QueuedFile[]> {
    const { Items = [] } = await this.#page({
      ...(after === undefined
        ? partition(`S#${sequence}`, 'Q#')
        : partition(`S#${sequence}`, `${queueKey(sequence, after).sk}\0`, `Q#${END}`)),
      ConsistentRead: true,
      Limit: limit,
    });
    return Items.map((item) => ({ ...toRow(unmarshall(item)), status: 'queued', sequence }) as QueuedFile);
  }

  async lastQueued(sequence: string): Promise<string | undefined> {
    const { Items: items = [] } = await this.#page({
      ...partition(`S#${sequence}`, 'Q#'),
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: 1,
    });
    return items.length === 0 ? undefined : (unmarshall(items[0]) as { order: string }).order;
  }

  async commit(writes: readonly Write[]): Promise<boolean> {
    const items = transactItems(this.#tableName, writes, this.#retentionSeconds);
    try {
      if (items.length === 1) {
        await this.#single(items[0]);
      } else {
        await this.#client.send(new TransactWriteItemsCommand({ TransactItems: items }));
      }
      return true;
    } catch (error) {
      if (isLostRace(error)) {
        return false;
      }
      throw isThrottled(error) ? new DependencyUnavailable('DynamoDB', { cause: error }) : error;
    }
  }

  async *dueFiles(now: number): AsyncGenerator<string> {
    for (let shard = 0; shard < DUE_SHARDS; shard += 1) {
      const query = { ...partition(duePk(shard), 'D#', dueSk(now + 1), 'due'), IndexName: indexes.due };
      for await (const item of this.#query(query)) {
        yield String(item.pk).slice('F#'.length);
      }
    }
  }

  async *backlog(after?: string, toEnd = false): AsyncGenerator<{ sequence: string; first: string }> {
    const start = after === undefined ? 0 : shardOf(after);
    const steps = toEnd ? DUE_SHARDS - start : DUE_SHARDS + (after === undefined ? 0 : 1);
    // After `after` in its shard, then the other shards, then its shard up to `after`
    for (let step = 0; step < steps; step += 1) {
      const shard = duePk((start + step) % DUE_SHARDS);
      const end = step === DUE_SHARDS && after !== undefined ? backlogSk(after, END) : `Q#${END}`;
      let from = step === 0 && after !== undefined ? backlogSk(after, END) : 'Q#';
      while (from < end) {
        const { Items: items = [] } = await this.#page({
          ...partition(shard, from, end, 'due'),
          IndexName: indexes.due,
          Limit: 1,
        });
        if (items.length === 0) {
          break;
        }
        const { pk, sk } = unmarshall(items[0]) as { pk: string; sk: string };
        const sequence = pk.slice('S#'.length);
        yield { sequence, first: sk.slice(sk.lastIndexOf('#') + 1) };
        from = backlogSk(sequence, END);
      }
    }
  }

  async *listFailed(
    status: 'waiting' | 'blocked' | 'parked',
    type?: string,
    after?: FailedFile & QueuePosition,
  ): AsyncGenerator<FailedFile> {
    const start = after && { troublePk: status, troubleSk: failedSk(after.type, after.order), ...fileKey(after.id) };
    const query = {
      ...(start && { ExclusiveStartKey: marshall(start) }),
      ...partition(status, type === undefined ? '' : failedSk(type, ''), undefined, 'trouble'),
      IndexName: indexes.trouble,
    };
    for await (const item of this.#query(query)) {
      yield { id: String(item.pk).slice('F#'.length), type: String(item.troubleSk).split('#', 1)[0] ?? '' };
    }
  }

  async #get<Row>(key: { pk: string; sk: string }): Promise<Row | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: marshall(key), ConsistentRead: true }),
    );
    return item === undefined ? undefined : (toRow(unmarshall(item)) as Row);
  }

  async #page(query: Omit<QueryCommandInput, 'TableName'>) {
    return this.#client.send(new QueryCommand({ ...query, TableName: this.#tableName }));
  }

  async *#query(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<Record<string, unknown>> {
    let start: Item | undefined = query.ExclusiveStartKey;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#page({
        ...query,
        ...(start && { ExclusiveStartKey: start }),
      });
      for (const item of Items) {
        yield unmarshall(item);
      }
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** A single write without a transaction, which would cost twice as much. */
  async #single({ Put, Update }: TransactWriteItem): Promise<void> {
    if (Put) {
      await this.#client.send(new PutItemCommand(Put));
    }
    if (Update) {
      await this.#client.send(new UpdateItemCommand(Update as UpdateItemCommand['input']));
    }
  }
}

/** Items of one partition whose sort key begins with `from`, or is between `from` and `to`. */
function partition(pk: string, from: string, to?: string, prefix = '') {
  const [pkName, skName] = prefix === '' ? ['pk', 'sk'] : [`${prefix}Pk`, `${prefix}Sk`];
  const condition = to === undefined ? 'begins_with(#sk, :from)' : '#sk BETWEEN :from AND :to';
  return {
    KeyConditionExpression: from === '' ? '#pk = :pk' : `#pk = :pk AND ${condition}`,
    ExpressionAttributeNames: { '#pk': pkName, ...(from !== '' && { '#sk': skName }) },
    ExpressionAttributeValues: marshall({
      ':pk': pk,
      ...(from !== '' && { ':from': from }),
      ...(to !== undefined && { ':to': to }),
    }),
  };
}

/** A canceled transaction that was throttled, or whose first request is in progress: the SDK repeats neither. */
function isThrottled(error: unknown): boolean {
  return (
    error instanceof TransactionInProgressException ||
    (error instanceof TransactionCanceledException &&
      (error.CancellationReasons ?? []).some(({ Code: code = '' }) => /Throttl|ThroughputExceeded/.test(code)))
  );
}

/**
 * True if a concurrent commit was first. Throttling and other errors are not lost races: the SDK retries them, then the
 * caller gets the error.
 */
function isLostRace(error: unknown): boolean {
  if (error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException) {
    return true;
  }
  if (!(error instanceof TransactionCanceledException)) {
    return false;
  }
  const reasons = (error.CancellationReasons ?? [])
    .map(({ Code }) => Code)
    .filter((code) => code !== undefined && code !== 'None');
  return (
    reasons.length > 0 && reasons.every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')
  );
}
