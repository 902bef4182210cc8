import { HeadObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { Verification } from './checksum.js';

/** What stands under a key. */
export interface StoredObject {
  readonly etag: string;
  readonly versionId?: string;
  readonly bytes: number;
  /** As S3 writes it; undefined when the object has none of this kind, or one that is not of its whole content. */
  readonly checksum?: string;
}

/** `hidden`: S3 does not tell, because without `s3:ListBucket` it answers 403 for what is not there. */
export type Glance = StoredObject | 'absent' | 'hidden';

/**
 * Looks at an object without reading it. Needs `s3:GetObject`, and `kms:Decrypt` for the checksum of an object under
 * SSE-KMS.
 */
export async function glance(
  client: S3Client,
  bucket: string,
  key: string,
  verify: Verification,
  signal?: AbortSignal,
): Promise<Glance> {
  try {
    const head = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      signal && { abortSignal: signal },
    );
    // A composite CRC is no checksum of the content; a composite SHA-256 ends in the number of its parts and is
    // compared as it is.
    const checksum =
      verify === 'sha256' ? head.ChecksumSHA256 : head.ChecksumType === 'COMPOSITE' ? undefined : head.ChecksumCRC32;
    return {
      etag: head.ETag ?? '',
      bytes: head.ContentLength ?? 0,
      ...(head.VersionId !== undefined && { versionId: head.VersionId }),
      ...(checksum !== undefined && { checksum }),
    };
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) {
      return 'absent';
    }
    if (status === 403) {
      return 'hidden';
    }
    throw error;
  }
}

/** HTTP status of an answer of S3 that is an error; undefined for any other failure. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
