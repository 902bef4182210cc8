import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { JobObject } from '../../../contract/job-message.js';
import { FileRejected } from '../../database/index.js';
import { FileworksError } from '../../errors.js';

/** Another object stands under the key by now. Its own event comes, or has come. */
export class FileSuperseded extends FileworksError {
  readonly code = 'ERR_FILE_SUPERSEDED';
}

/** The object is larger than its event said, and than what is loaded here. */
export class FileTooLarge extends FileworksError {
  readonly code = 'ERR_FILE_TOO_LARGE';
}

/**
 * Opens exactly the object that the event was about.
 *
 * @throws FileRejected when it is gone, FileSuperseded when another one stands there, FileTooLarge, or the error of S3
 */
export async function openObject(
  client: S3Client,
  object: JobObject,
  maxBytes = Infinity,
  signal?: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { bucket: Bucket, key: Key, versionId: VersionId, etag } = object;
  const IfMatch = VersionId === undefined && etag !== undefined ? `"${etag.replaceAll('"', '')}"` : undefined;
  try {
    const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId, IfMatch }), {
      abortSignal: signal,
    });
    const body = Body as unknown as AsyncIterable<Uint8Array> & { destroy(): void };
    if (ContentLength <= maxBytes) {
      return body;
    }
    body.destroy();
    throw new FileTooLarge(`s3://${Bucket}/${Key} has ${ContentLength} bytes, more than ${maxBytes}`);
  } catch (error) {
    if (!(error instanceof S3ServiceException)) {
      throw error;
    }
    const status = error.$metadata.httpStatusCode;
    if (status === 404) {
      throw new FileRejected(`the object is not there any more: ${error.name}`, {}, { cause: error });
    }
    if (status === 412) {
      throw new FileSuperseded('another object stands under the key', { cause: error });
    }
    throw error;
  }
}
