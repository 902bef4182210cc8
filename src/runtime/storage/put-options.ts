import type { CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import type { Verification } from './checksum.js';

/**
 * What is stored. A function is called once for each attempt and MUST give the same bytes every time; with it, anything
 * can be retried.
 * An iterable (a Readable is one) can be read only once, which is enough for what fits in memory; it is closed when it
 * turns out not to be needed.
 */
export type PutBody = Uint8Array | AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);

/** How an object is stored besides its content. */
export interface ObjectSettings {
  /** @default - S3's, application/octet-stream */
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly cacheControl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** At most ten. Needs `s3:PutObjectTagging`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Encrypts with this KMS key. @default - the bucket's default encryption */
  readonly kmsKeyId?: string;
  /** @default - STANDARD */
  readonly storageClass?: CreateMultipartUploadCommandInput['StorageClass'];
}

export interface PutOptions extends ObjectSettings {
  readonly bucket: string;
  readonly key: string;
  readonly body: PutBody;
  /** Bytes of the body, if known; the put fails before its commit when they differ. @default - counted */
  readonly size?: number;
  /**
   * CRC-32 of the body, if known, as every entry of a ZIP has it. With it and `size` a result that stands already is
   * recognized without reading the body.
   * The put fails before its commit when the body has another one.
   *
   * @default - computed
   */
  readonly crc32?: number;
  /**
   * What makes two contents the same. A CRC-32 tells accidents apart and can be forged: use `sha256` where whoever
   * makes the content is not trusted.
   * For content of several parts, `sha256` finds only an object again that was stored with the same part size.
   *
   * @default 'crc32'
   */
  readonly verify?: Verification;
  /**
   * What to do when another content is there: fail, or put this one in its place (never over one that came meanwhile).
   * @default 'fail'
   */
  readonly ifDifferent?: 'fail' | 'replace';
  /**
   * False saves the look at what is there, for keys that are most probably free; the write is conditional either way.
   * @default true
   */
  readonly lookFirst?: boolean;
  /**
   * Goes on with an upload of parts that an earlier attempt, now dead, left under this key: parts with the same
   * checksum are not sent again. Its metadata,
   * tags and encryption are those of that attempt. Needs `s3:ListBucketMultipartUploads` and
   * `s3:ListMultipartUploadParts`, and does nothing without.
   *
   * @default true
   */
  readonly resume?: boolean;
  /** Stops the put, at the latest before the request that makes the object visible. @default - none */
  readonly signal?: AbortSignal;
}

export interface PutResult {
  readonly bucket: string;
  readonly key: string;
  /** `unchanged`: the same content was there. */
  readonly outcome: 'created' | 'unchanged' | 'replaced';
  readonly etag: string;
  /** In buckets with versioning. */
  readonly versionId?: string;
  /** As S3 writes it: CRC-32 of the content in base64, or SHA-256 with `verify: 'sha256'`. */
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
