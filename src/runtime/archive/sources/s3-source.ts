import { GetObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import { contentRangeOf } from '../../support/http-range.js';
import { ZipError } from '../zip-error.js';
import { rangedSource } from './ranged-source.js';
import type { ResumeOptions } from './resuming-stream.js';
import type { ArchiveSource } from './source.js';

export interface S3SourceOptions extends ResumeOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** Version to read. @default - the current one at the first read; a later change is `ERR_ZIP_SOURCE_CHANGED` */
  readonly versionId?: string;
}

/**
 * An archive in S3, read by ranges. Needs only `s3:GetObject` (`s3:GetObjectVersion` with a version).
 *
 * Every read after the first has an `If-Match` header, so that a replaced object is an error and never a mix of two
 * archives.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function s3Source(options: S3SourceOptions): ArchiveSource {
  const { client, bucket, key, versionId } = options;
  const label = `s3://${bucket}/${key}`;
  let etag: string | undefined;

  return rangedSource(
    label,
    async (range, signal) => {
      try {
        const answer = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, Range: range, IfMatch: etag }),
          { abortSignal: signal },
        );
        etag ??= answer.ETag;
        const sent = contentRangeOf(answer.ContentRange);
        return {
          start: sent?.start ?? 0,
          size: sent?.size ?? Number(answer.ContentLength),
          body: answer.Body as unknown as AsyncIterable<Uint8Array>,
        };
      } catch (error) {
        if (!(error instanceof S3ServiceException)) {
          throw error;
        }
        if (error.name === 'InvalidRange') {
          return undefined;
        } // a range of an empty object
        const status = error.$metadata.httpStatusCode ?? 0;
        if (status === 412) {
          throw new ZipError('ERR_ZIP_SOURCE_CHANGED', 'the object was replaced while it was read', {
            archive: label,
            cause: error,
          });
        }
        if (status >= 400 && status < 500) {
          throw new ZipError('ERR_ZIP_SOURCE', `S3 refused the read: ${error.name}`, { archive: label, cause: error });
        }
        throw error;
      }
    },
    options,
  );
}
