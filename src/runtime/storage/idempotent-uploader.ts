import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { backoffDelay } from '../support/backoff.js';
import { Body, partsOf, type Part, type PartRules } from './body.js';
import { crc32ToBase64, identityOf, PartsChecksum, type Identity } from './checksum.js';
import { MemoryContent, type Committed, type ReadyContent } from './content.js';
import { MAX_PARTS, MultipartContent } from './multipart-content.js';
import { PartMemory } from './part-memory.js';
import type { PutOptions, PutResult } from './put-options.js';
import { StorageError } from './storage-error.js';
import { glance, statusOf, type StoredObject } from './stored-object.js';

const MIB = 1024 * 1024;
const RETRY_MS = { base: 100, max: 3_200 };

export interface IdempotentUploaderOptions {
  readonly client: S3Client;
  /**
   * Bytes of a part, 5 MiB to 5 GiB. What fits in one is stored by one request. It grows by itself for a known size
   * that would need more than 10,000.
   *
   * @default 8 MiB
   */
  readonly partSizeBytes?: number;
  /** Parts of one object that are sent at the same time; at least 1. @default 4 */
  readonly partsInParallel?: number;
  /**
   * Bytes that all puts of this uploader hold in memory together; at least one part. Bodies that are given as buffers
   * are on top of it. @default 64 MiB
   */
  readonly maxBufferedBytes?: number;
  /** Attempts for one object when others write the same key; at least 1. @default 6 */
  readonly maxAttempts?: number;
}

export interface PutAllOptions {
  /** Objects that are stored at the same time; at least 1. @default 32 */
  readonly concurrency?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/**
 * Stores objects so that doing it again changes nothing and sends nothing.
 *
 * Every write is conditional: it creates the key only where there is none, and replaces only the object that it has
 * seen. Whoever loses such a race looks at
 * what the winner wrote: the same content is success; another one is `ERR_STORAGE_DIFFERS`, or seen and replaced by the
 * next attempt when it may be.
 *
 * Needs `s3:PutObject` and `s3:GetObject`; `s3:AbortMultipartUpload` for objects in parts; `s3:ListBucket` makes S3 say
 * 404 instead of 403 for what is
 * not there.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class IdempotentUploader {
  readonly client: S3Client;
  readonly #partBytes: number;
  readonly #partsInParallel: number;
  readonly #maxAttempts: number;
  readonly #memory: PartMemory;

  /** @throws TypeError naming the option that is out of its range */
  constructor(options: IdempotentUploaderOptions) {
    this.client = options.client;
    this.#partBytes = within('partSizeBytes', options.partSizeBytes ?? 8 * MIB, 5 * MIB, 5 * 1024 * MIB);
    this.#partsInParallel = within('partsInParallel', options.partsInParallel ?? 4, 1, MAX_PARTS);
    this.#maxAttempts = within('maxAttempts', options.maxAttempts ?? 6, 1, 1_000);
    const maxBuffered = options.maxBufferedBytes ?? Math.max(64 * MIB, this.#partBytes);
    this.#memory = new PartMemory(
      within('maxBufferedBytes', maxBuffered, this.#partBytes, Number.MAX_SAFE_INTEGER),
      this.#partBytes,
    );
  }

  /**
   * Stores one object.
   *
   * A stop by `signal` leaves parts that are already in S3 to the next attempt, which does not send them again; every
   * other failure takes them back before
   * this rejects. Give the bucket a rule that aborts incomplete uploads, for jobs that have no next attempt.
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
        const there = look ? await glance(this.client, bucket, key, options.verify ?? 'crc32', signal) : 'absent';
        const object = typeof there === 'object' ? there : undefined;
        if (there === 'hidden' && content !== undefined) {
          throw new StorageError(
            'ERR_STORAGE_FAILED',
            'the object that is there cannot be compared without s3:GetObject',
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
          throw new StorageError('ERR_STORAGE_DIFFERS', 'another content is there already', options);
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
              `others wrote this key during ${attempt} attempts`,
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
   * Says whether this content stands already, by one request and without its body; undefined when it does not, or when
   * S3 does not tell.
   *
   * @throws StorageError
   */
  async find(
    options: Omit<PutOptions, 'body'> & { readonly size: number; readonly crc32: number },
  ): Promise<PutResult | undefined> {
    const identity: Identity = { bytes: options.size, checksum: crc32ToBase64(options.crc32), crc32: options.crc32 };
    const there = await glance(this.client, options.bucket, options.key, 'crc32', options.signal).catch(
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
   * Stores many objects, several at a time, and hands out each result as soon as it is there, in no particular order.
   *
   * The first failure stops the others and is thrown when they have ended; leaving the loop stops them as well.
   */
  async *putAll(
    puts: Iterable<PutOptions> | AsyncIterable<PutOptions>,
    options: PutAllOptions = {},
  ): AsyncGenerator<PutResult, void, void> {
    const concurrency = within('concurrency', options.concurrency ?? 32, 1, 10_000);
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

  /** What can be said about the content without reading a body. */
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

  /** Reads a body that can be read again, only to compare it with what is there. */
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

  /** Makes the content ready: in memory when it fits in one part, else in parts in S3. */
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
        // A body that goes on after its size is wrong, and found out here.
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

/** Of a body without a size, only one that ends early is known to be in one part. */
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
    throw wrongContent(options, 'it must be sent again and can be read only once; give it as a function that opens it');
  }
  return pieces;
}

/** @throws StorageError when the content is not what it was said to be */
function checked(identity: Identity, options: PutOptions): Identity {
  const { size, crc32 } = options;
  if (size !== undefined && identity.bytes !== size) {
    throw wrongContent(options, `it has ${identity.bytes} bytes, \`size\` says ${size}`);
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
 * 412: someone else was first. 409: S3 is in the middle of another write of this key. 404: the object to replace, or
 * our upload, is gone.
 */
function racedStatus(error: unknown): 404 | 409 | 412 | undefined {
  const status = statusOf(error);
  const raced = status === 409 || status === 412 || (status === 404 && (error as Error).name !== 'NoSuchBucket');
  return raced ? status : undefined;
}

/**
 * Errors of the SDK carry `$metadata`, whether S3 answered or not. Anything else is the body's and stays what it is.
 */
function asStorageError(error: unknown, options: Pick<PutOptions, 'bucket' | 'key'>): unknown {
  if (!(error instanceof Error) || !('$metadata' in error)) {
    return error;
  }
  return new StorageError('ERR_STORAGE_FAILED', `S3 did not store it: ${error.name}: ${error.message}`, options, error);
}

function within(name: string, value: number, min: number, max: number): number {
  if (!(Number.isSafeInteger(value) && value >= min && value <= max)) {
    throw new TypeError(`Expected \`${name}\` to be a whole number from ${min} to ${max}, got \`${String(value)}\``);
  }
  return value;
}
