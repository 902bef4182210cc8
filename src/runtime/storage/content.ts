import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { checksumFields, identityOf, type Identity } from './checksum.js';
import { settingsInput, type PutOptions } from './put-options.js';

/** Condition of a conditional write. */
export interface WriteCondition {
  readonly IfNoneMatch?: '*';
  readonly IfMatch?: string;
}

export interface Committed {
  readonly etag: string;
  readonly versionId?: string;
}

/** A prepared content, which one request makes visible. */
export interface ReadyContent {
  readonly identity: Identity;
  commit(condition: WriteCondition, signal?: AbortSignal): Promise<Committed>;
  /** Removes prepared content that will not be committed, or leaves its parts to a later attempt. Never fails. */
  discard(leaveParts?: boolean): Promise<void>;
}

/** A content in memory: one PutObject, which the SDK can retry. */
export class MemoryContent implements ReadyContent {
  readonly identity: Identity;

  constructor(
    readonly client: S3Client,
    readonly options: PutOptions,
    readonly bytes: Uint8Array,
    readonly release: () => void,
  ) {
    this.identity = identityOf(bytes, options.verify ?? 'crc32');
  }

  async commit(condition: WriteCondition, signal?: AbortSignal): Promise<Committed> {
    const { bucket, key, verify = 'crc32' } = this.options;
    const answer = await this.client.send(
      new PutObjectCommand({
        ...settingsInput(this.options),
        ...condition,
        ...checksumFields(this.identity.checksum, verify),
        Bucket: bucket,
        Key: key,
        Body: this.bytes,
        ContentLength: this.bytes.byteLength,
      }),
      signal && { abortSignal: signal },
    );
    this.release();
    return { etag: answer.ETag ?? '', ...(answer.VersionId !== undefined && { versionId: answer.VersionId }) };
  }

  discard(): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}
