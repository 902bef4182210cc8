import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { backoffDelay } from '../support/backoff.js';
import { checkedNumber, OptionChecks } from '../support/option-checks.js';
import { Body, partsOf, type Part, type PartRules } from './body.js';
import { crc32ToBase64, identityOf, PartsChecksum, type Identity } from './checksum.js';
import { MemoryContent, type Committed, type ReadyContent } from './content.js';
import { MAX_PARTS, MultipartContent } from './multipart-content.js';
import { PartMemory } from './part-memory.js';
import type { PutOptions, PutResult } from './put-options.js';
import { StorageError } from './storage-error.js';
import { headObject, statusOf, type StoredObject } from './stored-object.js';

const MIB = 1024 * 1024;
const RETRY_MS = { base: 100, max: 3_200 };

export interface IdempotentUploaderOptions {
  readonly client: S3Client;
  /**
   * Bytes of a part, 5 MiB to 5 GiB. Content that fits in one part is stored with one request. The part size is
   * increased automatically for a known size that would need more than 10,000 parts.
   *
   * @default 8 MiB
   */
  readonly partSizeBytes?: number;
  /** Parts of one object that are uploaded concurrently; at least 1. @default 4 */
  readonly partsInParallel?: number;
  /**
   * Maximum bytes in memory for all puts of this uploader; at least one part. Bodies passed as buffers are not
   * included. @default 64 MiB
   */
  readonly maxBufferedBytes?: number;
  /** Attempts for one object with concurrent writes of the same key; at least 1. @default 6 */
  readonly maxAttempts?: number;
}

export interface PutAllOptions {
  /** Objects that are stored concurrently; at least 1. @default 32 */
  readonly concurrency?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/**
 * Stores objects idempotently: a repeated put neither changes the object nor uploads it again.
 *
 * Every write is conditional: it creates a key only if it does not exist, and replaces only the object that it has
 * read. After a lost race, the new object is compared: the same content is a success; different content is
 * `ERR_STORAGE_DIFFERS`, or is replaced by the next attempt if this is allowed.
 *
 * Needs `s3:PutObject` and `s3:GetObject`; `s3:AbortMultipartUpload` for objects in parts; with `s3:ListBucket`, S3
 * returns 404 instead of 403 for missing objects.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class IdempotentUploader {
  readonly client: S3Client;
  readonly #partBytes: number;
  readonly #partsInParallel: number;
  readonly #maxAttempts: number;
  readonly #memory: PartMemory;

  /** @throws ConfigurationError naming each invalid option */
  constructor(options: IdempotentUploaderOptions) {
    const { client, partSizeBytes = 8 * MIB, partsInParallel = 4, maxAttempts = 6 } = options;
    const { maxBufferedBytes = Math.max(64 * MIB, partSizeBytes) } = options;
    const checks = new OptionChecks();
    checks.number('partSizeBytes', partSizeBytes, { min: 5 * MIB, max: 5 * 1024 * MIB, integer: true });
    checks.number('partsInParallel', partsInParallel, { min: 1, max: MAX_PARTS, integer: true });
    checks.number('maxAttempts', maxAttempts, { min: 1, max: 1_000, integer: true });
    if (options.maxBufferedBytes !== undefined) {
      const max = Number.MAX_SAFE_INTEGER;
      checks.number('maxBufferedBytes', maxBufferedBytes, { min: partSizeBytes, max, integer: true });
    }
    checks.done();
    this.client = client;
    this.#partBytes = partSizeBytes;
    this.#partsInParallel = partsInParallel;
    this.#maxAttempts = maxAttempts;
    this.#memory = new PartMemory(maxBufferedBytes, partSizeBytes);
  }

  /**
   * Stores one object.
   *
   * If `signal` aborts, uploaded parts are kept for the next attempt, which reuses them; any other failure removes them
   * before this rejects. Configure a lifecycle rule that aborts incomplete multipart uploads, for jobs without a next
   * attempt.
   *
   * @throws StorageError
   * @throws the reason of `signal`, or what the body throws
   */
  async put(options: PutOptions): Promise<PutResult> {
    const { bucket, key, signal, ifDifferent = 'fail' } = options;
    const body = new Body(options.body);
    let wanted = this.#known(options, body);
    let content: ReadyContent | undefined;
    let look = options.lookFirst ?? true;
    try {
      for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted();
        const there = look ? await headObject(this.client, bucket, key, options.verify ?? 'crc32', signal) : 'absent';
        const object = typeof there === 'object' ? there : undefined;
        if (there === 'hidden' && content !== undefined) {
          throw new StorageError(
            'ERR_STORAGE_FAILED',
            'the existing object cannot be compared without s3:GetObject',
            options,
          );
        }
        if (object !== undefined && body.rereadable) {
          wanted ??= await this.#measure(options, body);
        }
        if (wanted === undefined) {
          content = await this.#ready(options, body);
          wanted = content.identity;
        }
        if (object !== undefined && isSame(object, wanted)) {
          await content?.discard();
          return resultOf(options, 'unchanged', object, wanted);
        }
        if (object !== undefined && ifDifferent === 'fail') {
          throw new StorageError('ERR_STORAGE_DIFFERS', 'an object with different content exists', options);
        }
        content ??= await this.#ready(options, body);
        signal?.throwIfAborted();
        try {
          const committed = await content.commit(
            object === undefined ? { IfNoneMatch: '*' } : { IfMatch: object.etag },
            signal,
          );
          return resultOf(options, object === undefined ? 'created' : 'replaced', committed, content.identity);
        } catch (error) {
          const status = racedStatus(error);
          if (status === undefined) {
            throw error;
          }
          if (attempt >= this.#maxAttempts) {
            throw new StorageError(
              'ERR_STORAGE_CONFLICT',
              `concurrent writes of this key during ${attempt} attempts`,
              options,
              error,
            );
          }
          if (status !== 412) {
            // S3 on CompleteMultipartUpload: "On a 409 failure you should re-initiate the multipart upload".
            if (content instanceof MultipartContent) {
              await content.discard();
              content = undefined;
            }
            await delay(backoffDelay(attempt, RETRY_MS), undefined, signal && { signal });
          }
          look = true;
        }
      }
    } catch (error) {
      await content?.discard(signal?.aborted);
      signal?.throwIfAborted();
      throw asStorageError(error, options);
    } finally {
      body.close();
    }
  }

  /**
   * Checks with one HeadObject request whether this content is already stored; undefined if not, or if access is
   * denied.
   *
   * @throws StorageError
   */
  async find(
    options: Omit<PutOptions, 'body'> & { readonly size: number; readonly crc32: number },
  ): Promise<PutResult | undefined> {
    const identity: Identity = { bytes: options.size, checksum: crc32ToBase64(options.crc32), crc32: options.crc32 };
    const there = await headObject(this.client, options.bucket, options.key, 'crc32', options.signal).catch(
      (error: unknown) => {
        options.signal?.throwIfAborted();
        throw asStorageError(error, options);
      },
    );
    return typeof there === 'object' && isSame(there, identity)
      ? resultOf(options, 'unchanged', there, identity)
      : undefined;
  }

  /**
   * Stores many objects concurrently, and yields each result when it is available, in no particular order.
   *
   * The first failure aborts the others and is thrown after they have ended; exiting the loop aborts them as well.
   */
  async *putAll(
    puts: Iterable<PutOptions> | AsyncIterable<PutOptions>,
    options: PutAllOptions = {},
  ): AsyncGenerator<PutResult, void, void> {
    const concurrency = checkedNumber('concurrency', options.concurrency ?? 32, { min: 1, max: 10_000, integer: true });
    const stop = new AbortController();
    const running = new Set<Promise<PutResult>>();
    const done: PutResult[] = [];
    const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
    try {
      for await (const put of puts) {
        signal.throwIfAborted();
        const storing = this.put({
          ...put,
          signal: put.signal === undefined ? signal : AbortSignal.any([signal, put.signal]),
        });
        running.add(storing);
        storing
          .then(
            (result) => done.push(result),
            () => undefined,
          )
          .finally(() => running.delete(storing));
        if (running.size >= concurrency) {
          await Promise.race(running);
        }
        yield* done.splice(0);
      }
      while (running.size > 0) {
        await Promise.race(running);
        yield* done.splice(0);
      }
      yield* done.splice(0);
    } finally {
      stop.abort();
      await Promise.allSettled(running);
    }
  }

  /** The identity of the content, if it is known without reading the body. */
  #known(options: PutOptions, body: Body): Identity | undefined {
    const { size, crc32, verify = 'crc32' } = options;
    if (body.inMemory !== undefined && body.inMemory.byteLength <= this.#partBytes) {
      return checked(identityOf(body.inMemory, verify), options);
    }
    if (verify === 'sha256' || size === undefined || crc32 === undefined) {
      return undefined;
    }
    return { bytes: size, checksum: crc32ToBase64(crc32), crc32 };
  }

  /** Reads a rereadable body to compare it with the existing object. */
  async #measure(options: PutOptions, body: Body): Promise<Identity> {
    const sum = new PartsChecksum(options.verify ?? 'crc32');
    const rules = this.#partRules(options, body);
    let parts = 0;
    let whole = true;
    for await (const part of partsOf(opened(body, options), rules)) {
      sum.add(part.bytes);
      part.release();
      parts += 1;
      whole = parts === 1 && fitsOnePart(part, rules);
    }
    return checked(sum.identity(whole ? 'whole' : 'parts'), options);
  }

  /** Prepares the content: in memory if it fits in one part, otherwise as uploaded parts. */
  async #ready(options: PutOptions, body: Body): Promise<ReadyContent> {
    const { inMemory } = body;
    const rules = this.#partRules(options, body);
    if (inMemory !== undefined && inMemory.byteLength <= rules.partBytes) {
      return new MemoryContent(this.client, options, inMemory, () => undefined);
    }
    const parts = partsOf(opened(body, options), rules);
    let content: ReadyContent | undefined;
    try {
      const first = await parts.next();
      if (first.done === true) {
        content = new MemoryContent(this.client, options, Buffer.alloc(0), () => undefined);
      } else if (fitsOnePart(first.value, rules)) {
        content = new MemoryContent(this.client, options, first.value.bytes, first.value.release);
        // Detects a body that is longer than its size.
        for (let more = await parts.next(); more.done !== true; more = await parts.next()) {
          more.value.release();
          throw wrongContent(options, 'it is longer than its `size`');
        }
      } else {
        const upload = await MultipartContent.begin(this.client, options).catch((error: unknown) => {
          first.value.release();
          throw error;
        });
        content = upload;
        await upload.send(withFirst(first.value, parts), this.#partsInParallel);
      }
      checked(content.identity, options);
      return content;
    } catch (error) {
      await content?.discard(options.signal?.aborted);
      throw error;
    } finally {
      await parts.return();
    }
  }

  #partRules(options: PutOptions, body: Body): PartRules {
    const size = options.size ?? body.inMemory?.byteLength;
    const grown = Math.ceil((size ?? 0) / MAX_PARTS / MIB) * MIB;
    return { partBytes: Math.max(this.#partBytes, grown), size, memory: this.#memory, signal: options.signal };
  }
}

function isSame(object: StoredObject, identity: Identity): boolean {
  return object.bytes === identity.bytes && object.checksum === identity.checksum;
}

/** A body of unknown size fits in one part only if it ends before the part is full. */
function fitsOnePart(first: Part, { partBytes, size }: PartRules): boolean {
  return first.bytes.byteLength < partBytes || size === partBytes;
}

async function* withFirst(first: Part, others: AsyncGenerator<Part, void, void>): AsyncGenerator<Part, void, void> {
  yield first;
  yield* others;
}

function opened(body: Body, options: PutOptions): AsyncIterable<Uint8Array> {
  const pieces = body.open();
  if (pieces === undefined) {
    throw wrongContent(options, 'it must be sent again and can be read only once; pass a function that opens it');
  }
  return pieces;
}

/** @throws StorageError if the content does not match its declared size or CRC-32 */
function checked(identity: Identity, options: PutOptions): Identity {
  const { size, crc32 } = options;
  if (size !== undefined && identity.bytes !== size) {
    throw wrongContent(options, `it has ${identity.bytes} bytes, \`size\` is ${size}`);
  }
  if (crc32 !== undefined && identity.crc32 !== crc32) {
    throw wrongContent(options, 'its CRC-32 is not the given `crc32`');
  }
  return identity;
}

function wrongContent(options: PutOptions, what: string): StorageError {
  return new StorageError('ERR_STORAGE_CONTENT', `the body cannot be stored: ${what}`, options);
}

function resultOf(
  options: Pick<PutOptions, 'bucket' | 'key'>,
  outcome: PutResult['outcome'],
  object: Committed | StoredObject,
  identity: Identity,
): PutResult {
  return {
    bucket: options.bucket,
    key: options.key,
    outcome,
    etag: object.etag,
    ...(object.versionId !== undefined && { versionId: object.versionId }),
    checksum: identity.checksum,
    bytes: identity.bytes,
  };
}

/**
 * 412: a concurrent write was first. 409: another write of this key is in progress. 404: the object to replace, or the
 * multipart upload, does not exist.
 */
function racedStatus(error: unknown): 404 | 409 | 412 | undefined {
  const status = statusOf(error);
  const raced = status === 409 || status === 412 || (status === 404 && (error as Error).name !== 'NoSuchBucket');
  return raced ? status : undefined;
}

/** Errors of the SDK have `$metadata`, even without a response. Other errors come from the body and are not wrapped. */
function asStorageError(error: unknown, options: Pick<PutOptions, 'bucket' | 'key'>): unknown {
  if (!(error instanceof Error) || !('$metadata' in error)) {
    return error;
  }
  return new StorageError('ERR_STORAGE_FAILED', `S3 did not store it: ${error.name}: ${error.message}`, options, error);
}
