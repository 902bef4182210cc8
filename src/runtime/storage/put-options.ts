import type { CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import type { Verification } from './checksum.js';

/**
 * The content. A function is called for each attempt and MUST return the same bytes every time; it allows every kind of
 * retry. An iterable, such as a Readable, can be read only once, which suffices for content that fits in memory; it is
 * closed if it is not needed.
 */
export type PutBody = Uint8Array | AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);

/** Settings of an object. */
export interface ObjectSettings {
  /** @default - S3's, application/octet-stream */
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly cacheControl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** At most ten. Needs `s3:PutObjectTagging`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** KMS key for encryption. @default - the bucket's default encryption */
  readonly kmsKeyId?: string;
  /** @default - STANDARD */
  readonly storageClass?: CreateMultipartUploadCommandInput['StorageClass'];
}

export interface PutOptions extends ObjectSettings {
  readonly bucket: string;
  readonly key: string;
  readonly body: PutBody;
  /** Bytes of the body, if known; the put fails before its commit if they differ. @default - counted */
  readonly size?: number;
  /**
   * CRC-32 of the body, if known, as in every entry of a ZIP. With it and `size`, an existing object is recognized
   * without reading the body. The put fails before its commit if the body has a different one.
   *
   * @default - computed
   */
  readonly crc32?: number;
  /**
   * Checksum for comparing contents. A CRC-32 detects accidental changes and can be forged: use `sha256` for content
   * from untrusted sources. For content in several parts, `sha256` recognizes only an object that was stored with the
   * same part size.
   *
   * @default 'crc32'
   */
  readonly verify?: Verification;
  /**
   * Handling of an existing object with different content: fail, or replace it (never one that was written in the
   * meantime).
   * @default 'fail'
   */
  readonly ifDifferent?: 'fail' | 'replace';
  /**
   * False skips the check for an existing object, for keys that probably do not exist; the write is conditional either
   * way.
   * @default true
   */
  readonly lookFirst?: boolean;
  /**
   * Resumes a multipart upload of an earlier, ended attempt for this key: parts with the same checksum are not uploaded
   * again. Metadata, tags and encryption are those of that attempt. Needs `s3:ListBucketMultipartUploads` and
   * `s3:ListMultipartUploadParts`; without them it has no effect.
   *
   * @default true
   */
  readonly resume?: boolean;
  /** Aborts the put, at the latest before the request that makes the object visible. @default - none */
  readonly signal?: AbortSignal;
}

export interface PutResult {
  readonly bucket: string;
  readonly key: string;
  /** `unchanged`: the same content existed. */
  readonly outcome: 'created' | 'unchanged' | 'replaced';
  readonly etag: string;
  /** In buckets with versioning. */
  readonly versionId?: string;
  /** In the format of S3: CRC-32 of the content in base64, or SHA-256 with `verify: 'sha256'`. */
  readonly checksum: string;
  /** Bytes of the object. */
  readonly bytes: number;
}

/** The parameters that PutObject and CreateMultipartUpload share. */
export function settingsInput(settings: ObjectSettings): Partial<CreateMultipartUploadCommandInput> {
  const { tags, kmsKeyId, metadata } = settings;
  return {
    ContentType: settings.contentType,
    ContentEncoding: settings.contentEncoding,
    ContentDisposition: settings.contentDisposition,
    CacheControl: settings.cacheControl,
    StorageClass: settings.storageClass,
    Metadata: metadata && { ...metadata },
    Tagging: tags && new URLSearchParams(tags).toString(),
    ...(kmsKeyId !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }),
  };
}
