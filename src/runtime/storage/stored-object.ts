import { HeadObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { Verification } from './checksum.js';

/** An existing object. */
export interface StoredObject {
  readonly etag: string;
  readonly versionId?: string;
  readonly bytes: number;
  /** In the format of S3; undefined if the object has none of this type, or a composite one. */
  readonly checksum?: string;
}

/** `hidden`: unknown, because without `s3:ListBucket` S3 returns 403 for missing objects. */
export type HeadResult = StoredObject | 'absent' | 'hidden';

/**
 * Reads the metadata of an object. Needs `s3:GetObject`, and `kms:Decrypt` for the checksum of an object with SSE-KMS.
 */
export async function headObject(
  client: S3Client,
  bucket: string,
  key: string,
  verify: Verification,
  signal?: AbortSignal,
): Promise<HeadResult> {
  try {
    const head = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      signal && { abortSignal: signal },
    );
    // A composite CRC is not a checksum of the content; a composite SHA-256 ends in the number of parts and is compared
    // as a whole.
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

/** HTTP status of an S3 error response; undefined for any other failure. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
