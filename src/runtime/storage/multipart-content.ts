import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3ServiceException,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Part } from './body.js';
import { checksumFields, PartsChecksum, type Identity } from './checksum.js';
import type { Committed, ReadyContent, WriteCondition } from './content.js';
import { settingsInput, type PutOptions } from './put-options.js';
import { StorageError } from './storage-error.js';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PARTS = 10_000;

/** Time limit for aborting an upload after everything else was stopped. */
const ABORT_TIMEOUT_MS = 10_000;

interface UploadedPart {
  readonly etag: string;
  readonly bytes: number;
  readonly checksum: string | undefined;
}

/**
 * A content in parts. They are uploaded concurrently with a checksum each; then one request with the checksum of the
 * whole content makes the object visible.
 *
 * Until `commit` nothing is visible, and `discard` waits until S3 has removed the parts.
 */
export class MultipartContent implements ReadyContent {
  readonly #client: S3Client;
  readonly #options: PutOptions;
  readonly #uploadId: string;
  readonly #there: ReadonlyMap<number, UploadedPart>;
  readonly #completed: CompletedPart[] = [];
  #identity: Identity | undefined;

  private constructor(
    client: S3Client,
    options: PutOptions,
    uploadId: string,
    there: ReadonlyMap<number, UploadedPart>,
  ) {
    this.#client = client;
    this.#options = options;
    this.#uploadId = uploadId;
    this.#there = there;
  }

  /** Starts an upload, or resumes the one of an earlier attempt. */
  static async begin(client: S3Client, options: PutOptions): Promise<MultipartContent> {
    const left = options.resume === false ? undefined : await findUpload(client, options);
    if (left !== undefined) {
      return new MultipartContent(client, options, left.uploadId, left.parts);
    }
    const { bucket, key, verify = 'crc32', signal } = options;
    const created = await client.send(
      new CreateMultipartUploadCommand({
        ...settingsInput(options),
        Bucket: bucket,
        Key: key,
        ChecksumAlgorithm: verify === 'crc32' ? 'CRC32' : 'SHA256',
        ChecksumType: verify === 'crc32' ? 'FULL_OBJECT' : 'COMPOSITE',
      }),
      signal && { abortSignal: signal },
    );
    return new MultipartContent(client, options, created.UploadId ?? '', new Map());
  }

  get identity(): Identity {
    if (this.#identity === undefined) {
      throw new Error('identity of a content that was not uploaded');
    }
    return this.#identity;
  }

  /** Uploads the parts, at most `parallel` at a time. */
  async send(parts: AsyncIterable<Part>, parallel: number): Promise<void> {
    const checksum = new PartsChecksum(this.#options.verify ?? 'crc32');
    const inFlight = new Set<Promise<void>>();
    const stop = new AbortController();
    const signal =
      this.#options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, this.#options.signal]);
    try {
      for await (const part of parts) {
        if (part.number > MAX_PARTS) {
          throw this.#tooManyParts();
        }
        const partChecksum = checksum.add(part.bytes);
        while (inFlight.size >= parallel) {
          await Promise.race(inFlight);
        }
        signal.throwIfAborted();
        const sending = this.#sendPart(part, partChecksum, signal).finally(() => {
          part.release();
          inFlight.delete(sending);
        });
        sending.catch(() => undefined); // awaited below or by the race
        inFlight.add(sending);
      }
      while (inFlight.size > 0) {
        await Promise.race(inFlight);
      }
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(inFlight);
      throw error;
    }
    this.#identity = checksum.identity('parts');
  }

  async commit(condition: WriteCondition, signal?: AbortSignal): Promise<Committed> {
    const { bucket, key, verify = 'crc32' } = this.#options;
    const { bytes, checksum } = this.identity;
    const answer = await this.#client.send(
      new CompleteMultipartUploadCommand({
        ...condition,
        ...checksumFields(verify === 'crc32' ? checksum : undefined, verify),
        Bucket: bucket,
        Key: key,
        UploadId: this.#uploadId,
        ChecksumType: verify === 'crc32' ? 'FULL_OBJECT' : 'COMPOSITE',
        MpuObjectSize: bytes,
        MultipartUpload: { Parts: this.#completed.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
      }),
      signal && { abortSignal: signal },
    );
    return { etag: answer.ETag ?? '', ...(answer.VersionId !== undefined && { versionId: answer.VersionId }) };
  }

  async discard(leaveParts = false): Promise<void> {
    if (leaveParts) {
      return;
    }
    const { bucket, key } = this.#options;
    const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: this.#uploadId });
    // After a failure, the parts are left to the next attempt, or to the lifecycle rule for incomplete uploads.
    await this.#client.send(command, { abortSignal: AbortSignal.timeout(ABORT_TIMEOUT_MS) }).catch(() => undefined);
  }

  async #sendPart(part: Part, checksum: string, signal: AbortSignal): Promise<void> {
    const { bucket, key, verify = 'crc32' } = this.#options;
    const there = this.#there.get(part.number);
    const uploaded = there?.bytes === part.bytes.byteLength && there.checksum === checksum;
    const etag = uploaded
      ? there.etag
      : (
          await this.#client.send(
            new UploadPartCommand({
              ...checksumFields(checksum, verify),
              Bucket: bucket,
              Key: key,
              UploadId: this.#uploadId,
              PartNumber: part.number,
              Body: part.bytes,
              ContentLength: part.bytes.byteLength,
            }),
            { abortSignal: signal },
          )
        ).ETag;
    this.#completed.push({ PartNumber: part.number, ETag: etag, ...checksumFields(checksum, verify) });
  }

  #tooManyParts(): StorageError {
    return new StorageError(
      'ERR_STORAGE_CONTENT',
      `the body needs more than ${MAX_PARTS} parts: set its \`size\` or a larger \`partSizeBytes\``,
      this.#options,
    );
  }
}

/** The newest upload of exactly this key with the same checksum type, and its parts. */
async function findUpload(
  client: S3Client,
  options: PutOptions,
): Promise<{ readonly uploadId: string; readonly parts: ReadonlyMap<number, UploadedPart> } | undefined> {
  const { bucket, key, verify = 'crc32', signal } = options;
  const send = signal && { abortSignal: signal };
  try {
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, MaxUploads: 100 }),
      send,
    );
    const newest = Uploads.filter(
      (upload) => upload.Key === key && upload.ChecksumAlgorithm === (verify === 'crc32' ? 'CRC32' : 'SHA256'),
    )
      .filter((upload) => verify === 'sha256' || upload.ChecksumType === 'FULL_OBJECT')
      .sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0))
      .at(0);
    if (newest?.UploadId === undefined) {
      return undefined;
    }
    const parts = new Map<number, UploadedPart>();
    for (let marker: string | undefined, more = true; more;) {
      const page = await client.send(
        new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: newest.UploadId, PartNumberMarker: marker }),
        send,
      );
      for (const part of page.Parts ?? []) {
        const checksum = verify === 'crc32' ? part.ChecksumCRC32 : part.ChecksumSHA256;
        parts.set(part.PartNumber ?? 0, { etag: part.ETag ?? '', bytes: part.Size ?? 0, checksum });
      }
      marker = page.NextPartNumberMarker;
      more = page.IsTruncated === true && marker !== undefined;
    }
    return { uploadId: newest.UploadId, parts };
  } catch (error) {
    // Access denied, or completed in the meantime: start a new upload.
    if (
      error instanceof S3ServiceException &&
      (error.$metadata.httpStatusCode === 403 || error.$metadata.httpStatusCode === 404)
    ) {
      return undefined;
    }
    throw error;
  }
}
