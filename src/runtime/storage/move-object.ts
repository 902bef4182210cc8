import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { defined } from '../support/defined.js';
import { statusOf } from './stored-object.js';

/**
 * Larger objects can be copied only in parts. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
const MAX_COPY_BYTES = 5 * 1024 ** 3;
/** Copying a part of 512 MiB takes seconds; 10,000 parts cover the maximum object size. */
const PART_BYTES = 512 * 1024 ** 2;

export interface MoveOptions {
  readonly bucket: string;
  readonly from: string;
  readonly to: string;
  /** Move the object only if it has this ETag. */
  readonly etag?: string;
  /** @default - 5 GiB, the maximum for a copy in one request */
  readonly maxCopyBytes?: number;
  /** @default - 512 MiB */
  readonly partBytes?: number;
}

/** `gone`: the object does not exist. `changed`: the object has different content and is kept. */
export type Moved = 'moved' | 'gone' | 'changed';

/**
 * Moves an object of any size within its bucket: a server-side copy followed by a delete. An object that was
 * overwritten in the meantime is neither copied nor deleted. Idempotent.
 *
 * Needs `s3:GetObject` and `s3:DeleteObject` for the source, `s3:PutObject` for the destination, and for an object with
 * tags also `s3:GetObjectTagging` and `s3:PutObjectTagging`. Tags of objects over 5 GiB are not copied.
 */
export async function moveObject(client: S3Client, options: MoveOptions): Promise<Moved> {
  const { bucket, from, to } = options;
  const found = await look(client, options);
  if (typeof found === 'string') {
    return found;
  }
  const CopySource = `${bucket}/${encodeURIComponent(from)}`;
  try {
    if ((found.ContentLength ?? 0) > (options.maxCopyBytes ?? MAX_COPY_BYTES)) {
      await copyInParts(client, found, CopySource, options);
    } else {
      await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource, CopySourceIfMatch: found.ETag }));
    }
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: from, IfMatch: found.ETag }));
    return 'moved';
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) {
      return 'gone';
    }
    if (status === 412) {
      return 'changed';
    }
    throw error;
  }
}

async function look(
  client: S3Client,
  { bucket, from, etag }: MoveOptions,
): Promise<HeadObjectCommandOutput | 'gone' | 'changed'> {
  try {
    return await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: from, ...(etag !== undefined && { IfMatch: etag }) }),
    );
  } catch (error) {
    const status = statusOf(error);
    // Without s3:ListBucket, S3 returns 403 for missing objects; an object that must not be read was not processed.
    if (status === 404 || status === 403) {
      return 'gone';
    }
    if (status === 412) {
      return 'changed';
    }
    throw error;
  }
}

async function copyInParts(
  client: S3Client,
  head: HeadObjectCommandOutput,
  CopySource: string,
  options: MoveOptions,
): Promise<void> {
  const { bucket: Bucket, to: Key, partBytes = PART_BYTES } = options;
  const { ContentLength: bytes = 0, ETag: CopySourceIfMatch, ContentType, ContentEncoding, Metadata } = head;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...defined({ ContentType, ContentEncoding, Metadata }) }),
  );
  try {
    const Parts: CompletedPart[] = [];
    for (let start = 0; start < bytes; start += partBytes) {
      const PartNumber = Parts.length + 1;
      const part = { Bucket, Key, UploadId, PartNumber, CopySource, CopySourceIfMatch };
      const CopySourceRange = `bytes=${start}-${Math.min(start + partBytes, bytes) - 1}`;
      const { CopyPartResult } = await client.send(new UploadPartCopyCommand({ ...part, CopySourceRange }));
      Parts.push({ PartNumber, ...defined({ ETag: CopyPartResult?.ETag }) });
    }
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined);
    throw error;
  }
}
