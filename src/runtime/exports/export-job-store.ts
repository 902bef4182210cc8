import {
  type AttributeValue,
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { DependencyUnavailable, FileworksError } from '../errors.js';
import { backoffDelay } from '../support/backoff.js';
import { sleep, systemClock } from '../support/clock.js';
import { checkedNumber } from '../support/option-checks.js';
import type { PageTrail } from './page-trail.js';

/** Files counted in one item: it has a few hundred bytes, so that each update costs one write unit. */
export const FILES_PER_BLOCK = 64;
/**
 * Maximum items of a transaction, minus the item of the job. @see
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
 */
const FILES_PER_TRANSACTION = 99;
/** The attributes of the event that ends a job, by the names that stored rows have. */
const SENT = { '#sent': 'told' };
const SENDING_UNTIL = { '#sendingUntil': 'tellingUntil' };
/** Longer than the sending of an event takes. */
const END_EVENT_CLAIM_MS = 60_000;
const KEYS_PER_READ = 100;
const READ_ATTEMPTS = 8;
const READ_BACKOFF_MS = { base: 100, max: 10_000 };
const DAY_SECONDS = 86_400;

/**
 * dispatching → dispatched (all files are known) → completed (every file is done or failed).
 * dispatching → failed (the list of files cannot be read).
 */
export type ExportJobStatus = 'dispatching' | 'dispatched' | 'completed' | 'failed';

/** The row of an export job. */
export interface ExportJobRow {
  readonly jobId: string;
  readonly correlationId: string;
  readonly status: ExportJobStatus;
  /** Number of known files. */
  readonly count: number;
  /** Position of the next page of the list. */
  readonly cursor?: string;
  /** The pages of the list that were read. */
  readonly trail?: PageTrail;
  /** Stored files, failed files, and bytes of results, updated every 64 files; exact once the job is completed. */
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
  readonly reason?: string;
  /** Whether the event for the end of the job was sent. */
  readonly told?: boolean;
}

/** Result of a file. */
export interface FileOutcome {
  /** Bytes of results. */
  readonly bytes: number;
  /** Error code of a failed file. */
  readonly failure?: string;
}

/** Another process is working on the same job and was faster. A retry continues from the new state. */
export class ExportJobContention extends FileworksError {
  readonly code = 'ERR_EXPORT_JOB_CONTENTION';
}

export interface ExportJobStoreOptions {
  readonly client: DynamoDBClient;
  /** Table with the text keys `pk` and `sk`, and `expiresAt` as its time to live. */
  readonly tableName: string;
  /**
   * Retention of jobs after their last page in days; at least 15, because messages are retained for up to 14. @default
   * 90
   */
  readonly retentionDays?: number;
}

/** Whether a file is finished, and the job if the block of the file is complete. */
export interface Settled {
  /** Whether the file is done or failed. */
  readonly finished: boolean;
  /** Present if it has failed. */
  readonly failed?: true;
  /** Present if the block of the file is complete. */
  readonly job?: ExportJobRow;
}

/**
 * Progress of export jobs in one DynamoDB table.
 *
 * | item | pk | sk | written |
 * | --- | --- | --- | --- |
 * | job | `JOB#<job>` | `JOB` | once per page, and once per complete block |
 * | file | `FILE#<job>#<file>` | `FILE` | once, with the number of the file |
 * | block of 64 files | `BLOCK#<job>#<n>` | `BLOCK` | once per file |
 * | failure | `JOB#<job>` | `FAILED#<file>` | once, and once more if the file is stored later |
 *
 * A block contains the numbers of its finished files. Adding a number is a single conditional update, which fails for
 * duplicates, and whose response shows whether the block is complete. A complete block adds its sums to the job in the
 * same way. Completion is therefore detected by exactly one update, and 10,000 files need 10,000 updates spread over
 * 157 items plus 157 updates of one item. Files are numbered in transactions with the job's count, so concurrent
 * dispatchers assign each number once.
 *
 * Needs `dynamodb:BatchGetItem`, `GetItem`, `PutItem`, `UpdateItem` and `Query`.
 */
export class ExportJobStore {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #retentionSeconds: number;

  /** @throws ConfigurationError if the retention is shorter than that of messages */
  constructor({ client, tableName, retentionDays = 90 }: ExportJobStoreOptions) {
    checkedNumber('retentionDays', retentionDays, { min: 15, max: Infinity });
    this.#client = client;
    this.#tableName = tableName;
    this.#retentionSeconds = retentionDays * DAY_SECONDS;
  }

  /** Returns the job, and creates it if it does not exist. */
  async begin(jobId: string, correlationId: string): Promise<ExportJobRow> {
    const job = {
      jobId,
      correlationId,
      status: 'dispatching',
      count: 0,
      done: 0,
      failed: 0,
      bytes: 0,
      expiresAt: this.#expiry(),
    };
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#tableName,
          Item: marshall({ ...jobKey(jobId), ...job }),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) {
        throw error;
      }
    }
    return (await this.job(jobId)) as ExportJobRow;
  }

  async job(jobId: string): Promise<ExportJobRow | undefined> {
    return (await this.#get(jobKey(jobId))) as ExportJobRow | undefined;
  }

  /**
   * Assigns numbers to the files of a job. Idempotent.
   *
   * @throws ExportJobContention if another process assigns numbers to files of this job
   */
  async register(jobId: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const numbers = await this.#numbersOf(jobId, [...new Set(fileIds)]);
    const unknown = [...new Set(fileIds)].filter((id) => !numbers.has(id));
    if (unknown.length === 0) {
      return numbers;
    }
    let count = (await this.job(jobId))?.count ?? 0;
    for (let at = 0; at < unknown.length; at += FILES_PER_TRANSACTION) {
      const ids = unknown.slice(at, at + FILES_PER_TRANSACTION);
      await this.#number(jobId, ids, count);
      ids.forEach((id, i) => numbers.set(id, count + i));
      count += ids.length;
    }
    return numbers;
  }

  /**
   * Saves the position in the list; undefined: its beginning.
   *
   * @throws ExportJobContention if another process has changed the position
   */
  async moveCursor(jobId: string, from: string | undefined, to: string | undefined, trail?: PageTrail): Promise<void> {
    const moved = await this.#update(
      jobKey(jobId),
      {
        UpdateExpression:
          to === undefined
            ? 'REMOVE #cursor, trail'
            : `SET #cursor = :to, expiresAt = :expiresAt${trail === undefined ? '' : ', trail = :trail'}`,
        ConditionExpression: `#status = :dispatching AND ${from === undefined ? 'attribute_not_exists(#cursor)' : '#cursor = :from'}`,
        ExpressionAttributeNames: { '#cursor': 'cursor', '#status': 'status' },
      },
      {
        ':dispatching': 'dispatching',
        ...(from !== undefined && { ':from': from }),
        ...(to !== undefined && { ':to': to, ':expiresAt': this.#expiry(), ...(trail && { ':trail': trail }) }),
      },
    );
    if (!moved.passed) {
      throw new ExportJobContention(`the position of job ${jobId} was changed by another process`);
    }
  }

  /** Records that all files are known. Idempotent. */
  async close(jobId: string): Promise<ExportJobRow> {
    const status = { ConditionExpression: '#status = :dispatching', ExpressionAttributeNames: { '#status': 'status' } };
    const { item } = await this.#update(
      jobKey(jobId),
      { UpdateExpression: 'SET #status = :dispatched', ...status },
      { ':dispatching': 'dispatching', ':dispatched': 'dispatched' },
    );
    const job = item as ExportJobRow;
    const last = job.count % FILES_PER_BLOCK;
    if (job.status !== 'dispatched' || last === 0) {
      return this.#completed(job);
    }
    const number = job.count - 1;
    // Only now the number of files in the last block is known.
    const block = await this.#update(
      blockKey(jobId, number),
      { UpdateExpression: 'SET expected = :last, expiresAt = :expiresAt' },
      { ':last': last, ':expiresAt': this.#expiry() },
    );
    return (await this.#settle(jobId, number, block.item)) ?? job;
  }

  /** Records that the list of files cannot be read. The first reason is kept. */
  async fail(jobId: string, reason: string): Promise<ExportJobRow> {
    const { item } = await this.#update(
      jobKey(jobId),
      {
        UpdateExpression: 'SET #status = :failed, reason = :reason',
        ConditionExpression: '#status = :dispatching',
        ExpressionAttributeNames: { '#status': 'status' },
      },
      { ':failed': 'failed', ':dispatching': 'dispatching', ':reason': reason },
    );
    return item as ExportJobRow;
  }

  /** Reopens a failed job, so that its redelivered message continues from its position. False if it has not failed. */
  async reopen(jobId: string): Promise<boolean> {
    const { passed } = await this.#update(
      jobKey(jobId),
      {
        UpdateExpression: 'SET #status = :dispatching REMOVE reason, #sent, #sendingUntil',
        ConditionExpression: '#status = :failed',
        ExpressionAttributeNames: { '#status': 'status', ...SENT, ...SENDING_UNTIL },
      },
      { ':failed': 'failed', ':dispatching': 'dispatching' },
    );
    return passed;
  }

  /** Counts a file as done or failed. Later calls for the same file have no effect. */
  async finish(jobId: string, fileId: string, number: number, { bytes, failure }: FileOutcome): Promise<Settled> {
    if (failure !== undefined) {
      const item = { ...failureKey(jobId, fileId), fileId, failure, expiresAt: this.#expiry() };
      await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: marshall(item) }));
    }
    const failed = failure !== undefined;
    const { item } = await this.#update(
      blockKey(jobId, number),
      {
        UpdateExpression: `SET expiresAt = :expiresAt ADD finished :numbers, done :done, failed :failed, bytes :bytes${failed ? ', failedFiles :numbers' : ''}`,
        ConditionExpression: 'NOT contains(finished, :number)',
      },
      {
        ':expiresAt': this.#expiry(),
        ':number': number,
        ':numbers': new Set([number]),
        ':bytes': bytes,
        ':done': failed ? 0 : 1,
        ':failed': failed ? 1 : 0,
      },
    );
    return { finished: true, ...jobOf(await this.#settle(jobId, number, item)) };
  }

  /**
   * Whether a file is already finished. If so, repeats the updates that follow, in case a process was stopped between
   * them.
   */
  async settle(jobId: string, number: number): Promise<Settled> {
    const block = (await this.#get(blockKey(jobId, number))) as Block | undefined;
    if (block?.finished?.has(number) !== true) {
      return { finished: false };
    }
    const failed = block.failedFiles?.has(number) === true && { failed: true as const };
    return { finished: true, ...failed, ...jobOf(await this.#settle(jobId, number, block)) };
  }

  /**
   * Counts a failed file as done, for which `settle` has returned that it failed. Later calls for the same file have no
   * effect. The event for the end of its job is then to be sent again, with the new counts.
   *
   * @throws ExportJobContention if another process updates the same block
   */
  async recover(jobId: string, fileId: string, number: number, bytes: number): Promise<Settled> {
    const noted = { UpdateExpression: 'SET storedLater = :true', ConditionExpression: 'attribute_exists(pk)' };
    await this.#update(failureKey(jobId, fileId), noted, { ':true': true });
    const file = { ':number': number, ':numbers': new Set([number]) };
    const counts = { ':bytes': bytes, ':one': 1, ':less': -1 };
    const block = {
      UpdateExpression: 'ADD done :one, failed :less, bytes :bytes DELETE failedFiles :numbers',
      ConditionExpression: 'contains(failedFiles, :number)',
    };
    // The sums of a block that is not complete are not in the job yet
    const { passed, item } = await this.#update(
      blockKey(jobId, number),
      {
        ...block,
        ConditionExpression: `${block.ConditionExpression} AND ((attribute_not_exists(expected) AND size(finished) < :full) OR size(finished) < expected)`,
      },
      { ...file, ...counts, ':full': FILES_PER_BLOCK },
    );
    if (!passed && (item as Block).failedFiles?.has(number) === true) {
      await this.#transact(`file ${fileId} of job ${jobId} was counted by another process`, [
        { Update: { ...this.#keyed(blockKey(jobId, number), { ...file, ...counts }), ...block } },
        {
          Update: {
            ...this.#keyed(jobKey(jobId), { ...counts, ':block': blockOf(number) }),
            UpdateExpression: 'ADD done :one, failed :less, #bytes :bytes REMOVE #sent, #sendingUntil',
            ConditionExpression: 'contains(blocks, :block)',
            ExpressionAttributeNames: { '#bytes': 'bytes', ...SENT, ...SENDING_UNTIL },
          },
        },
      ]);
    }
    return { finished: true, ...jobOf(await this.job(jobId)) };
  }

  /**
   * Claims the sending of the event for the end of a job, for a minute. False: it was sent. Undefined: another process
   * holds the claim, or stopped while holding it.
   *
   * If a process stops after sending the event and before `markEndEventSent`, the next one sends it again: the event is
   * delivered at least once, and rarely twice.
   */
  async claimEndEvent(jobId: string, now = new Date()): Promise<boolean | undefined> {
    const { passed, item } = await this.#update(
      jobKey(jobId),
      {
        UpdateExpression: 'SET #sendingUntil = :until',
        ConditionExpression:
          'attribute_not_exists(#sent) AND (attribute_not_exists(#sendingUntil) OR #sendingUntil < :now)',
        ExpressionAttributeNames: { ...SENT, ...SENDING_UNTIL },
      },
      { ':now': now.getTime(), ':until': now.getTime() + END_EVENT_CLAIM_MS },
    );
    return passed ? true : (item as ExportJobRow | undefined)?.told === true ? false : undefined;
  }

  /** Releases a claim of `claimedAt`: the event could not be sent. */
  async releaseEndEvent(jobId: string, claimedAt: Date): Promise<void> {
    const update = {
      UpdateExpression: 'REMOVE #sendingUntil',
      ConditionExpression: '#sendingUntil = :until',
      ExpressionAttributeNames: SENDING_UNTIL,
    };
    await this.#update(jobKey(jobId), update, { ':until': claimedAt.getTime() + END_EVENT_CLAIM_MS });
  }

  async markEndEventSent(jobId: string): Promise<void> {
    const update = { UpdateExpression: 'SET #sent = :true', ExpressionAttributeNames: SENT };
    await this.#update(jobKey(jobId), update, { ':true': true });
  }

  /** The failed files of a job that were not stored since, with their error codes. */
  async *failures(jobId: string): AsyncGenerator<{ readonly fileId: string; readonly failure: string }, void, void> {
    let start: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        new QueryCommand({
          TableName: this.#tableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
          ExpressionAttributeValues: marshall({ ':pk': jobKey(jobId).pk, ':sk': 'FAILED#' }),
          ...(start !== undefined && { ExclusiveStartKey: start }),
        }),
      );
      for (const item of Items) {
        const { fileId, failure, storedLater } = unmarshall(item) as Failure;
        if (storedLater !== true) {
          yield { fileId, failure };
        }
      }
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** Adds a complete block to its job, once. Undefined if the block is not complete. */
  async #settle(jobId: string, number: number, item: unknown): Promise<ExportJobRow | undefined> {
    const { finished = new Set(), expected = FILES_PER_BLOCK, done = 0, failed = 0, bytes = 0 } = item as Block;
    if (finished.size < expected) {
      return undefined;
    }
    const block = blockOf(number);
    const { item: job } = await this.#update(
      jobKey(jobId),
      {
        UpdateExpression: 'ADD blocks :blocks, done :done, failed :failed, #bytes :bytes',
        ConditionExpression: 'NOT contains(blocks, :block)',
        ExpressionAttributeNames: { '#bytes': 'bytes' },
      },
      { ':block': block, ':blocks': new Set([block]), ':done': done, ':failed': failed, ':bytes': bytes },
    );
    return this.#completed(job as ExportJobRow);
  }

  /** Completes a job if all its files are known and all its blocks are complete. */
  async #completed(job: ExportJobRow & { readonly blocks?: ReadonlySet<number> }): Promise<ExportJobRow> {
    if (job.status !== 'dispatched' || (job.blocks?.size ?? 0) < Math.ceil(job.count / FILES_PER_BLOCK)) {
      return job;
    }
    const { item } = await this.#update(
      jobKey(job.jobId),
      {
        UpdateExpression: 'SET #status = :completed',
        ConditionExpression: '#status = :dispatched',
        ExpressionAttributeNames: { '#status': 'status' },
      },
      { ':completed': 'completed', ':dispatched': 'dispatched' },
    );
    return item as ExportJobRow;
  }

  async #numbersOf(jobId: string, fileIds: readonly string[]): Promise<Map<string, number>> {
    const numbers = new Map<string, number>();
    for (let at = 0; at < fileIds.length; at += KEYS_PER_READ) {
      let request: BatchGetItemCommandInput['RequestItems'] = {
        [this.#tableName]: {
          Keys: fileIds.slice(at, at + KEYS_PER_READ).map((id) => marshall(fileKey(jobId, id))),
          ConsistentRead: true,
        },
      };
      for (let attempt = 1; request?.[this.#tableName] !== undefined; attempt += 1) {
        if (attempt > READ_ATTEMPTS) {
          throw new DependencyUnavailable('DynamoDB', { reason: 'DynamoDB left keys of a read unprocessed' });
        }
        if (attempt > 1) {
          await sleep(systemClock, backoffDelay(attempt - 1, READ_BACKOFF_MS));
        }
        const answer: BatchGetItemCommandOutput = await this.#client.send(
          new BatchGetItemCommand({ RequestItems: request }),
        );
        for (const item of answer.Responses?.[this.#tableName] ?? []) {
          const { fileId, number } = unmarshall(item) as { fileId: string; number: number };
          numbers.set(fileId, number);
        }
        request = answer.UnprocessedKeys;
      }
    }
    return numbers;
  }

  async #number(jobId: string, fileIds: readonly string[], count: number): Promise<void> {
    const TableName = this.#tableName;
    const puts = fileIds.map((fileId, i) => ({
      Put: {
        TableName,
        Item: marshall({ ...fileKey(jobId, fileId), fileId, number: count + i, expiresAt: this.#expiry() }),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    }));
    const job = {
      Update: {
        TableName,
        Key: marshall(jobKey(jobId)),
        UpdateExpression: 'SET #count = :after',
        ConditionExpression: '#count = :before AND #status = :dispatching',
        ExpressionAttributeNames: { '#count': 'count', '#status': 'status' },
        ExpressionAttributeValues: marshall({
          ':before': count,
          ':after': count + fileIds.length,
          ':dispatching': 'dispatching',
        }),
      },
    };
    await this.#transact(`files of job ${jobId} were numbered by another process`, [job, ...puts]);
  }

  async #transact(contention: string, TransactItems: TransactWriteItem[]): Promise<void> {
    try {
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems }));
    } catch (cause) {
      if (!(cause instanceof TransactionCanceledException)) {
        throw cause;
      }
      throw new ExportJobContention(contention, { cause });
    }
  }

  #keyed(key: Key, values: object) {
    return { TableName: this.#tableName, Key: marshall(key), ExpressionAttributeValues: marshall(values) };
  }

  async #get(key: Key): Promise<unknown> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: marshall(key), ConsistentRead: true }),
    );
    return item && unmarshall(item);
  }

  /** The current item, and whether the condition held. */
  async #update(
    key: Key,
    update: Partial<UpdateItemCommandInput>,
    values: object,
  ): Promise<{ readonly passed: boolean; readonly item: unknown }> {
    try {
      const { Attributes = {} } = await this.#client.send(
        new UpdateItemCommand({
          ...update,
          TableName: this.#tableName,
          Key: marshall(key),
          ExpressionAttributeValues: marshall(values),
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { passed: true, item: unmarshall(Attributes) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) {
        throw error;
      }
      return { passed: false, item: unmarshall(error.Item ?? {}) };
    }
  }

  #expiry(): number {
    return Math.ceil(Date.now() / 1_000) + this.#retentionSeconds;
  }
}

interface Key {
  readonly pk: string;
  readonly sk: string;
}

interface Failure {
  readonly fileId: string;
  readonly failure: string;
  readonly storedLater?: true;
}

interface Block {
  readonly finished?: ReadonlySet<number>;
  /** Those of them that have failed and were not stored since; absent in blocks of earlier versions. */
  readonly failedFiles?: ReadonlySet<number>;
  /** Number of files of the last block, if it is not full. */
  readonly expected?: number;
  readonly done?: number;
  readonly failed?: number;
  readonly bytes?: number;
}

/** Ids come from an external API and are encoded, so that `a#b` and `c` differ from `a` and `b#c`. */
const jobKey = (jobId: string): Key => ({ pk: `JOB#${encodeURIComponent(jobId)}`, sk: 'JOB' });
const failureKey = (jobId: string, fileId: string): Key => ({ ...jobKey(jobId), sk: `FAILED#${fileId}` });
const fileKey = (jobId: string, fileId: string): Key => ({
  pk: `FILE#${encodeURIComponent(jobId)}#${encodeURIComponent(fileId)}`,
  sk: 'FILE',
});
const blockOf = (number: number): number => Math.floor(number / FILES_PER_BLOCK);
const blockKey = (jobId: string, number: number): Key => ({
  pk: `BLOCK#${encodeURIComponent(jobId)}#${blockOf(number)}`,
  sk: 'BLOCK',
});
const jobOf = (job: ExportJobRow | undefined): { job?: ExportJobRow } => (job === undefined ? {} : { job });
