import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { JobObject } from '../../../contract/job-message.js';
import { FileRejected } from '../../database/index.js';
import { FileworksError } from '../../errors.js';

/** The object was overwritten. The new object has its own event. */
export class FileSuperseded extends FileworksError {
  readonly code = 'ERR_FILE_SUPERSEDED';
}

/** The object is larger than stated in its event, and exceeds the limit. */
export class FileTooLarge extends FileworksError {
  readonly code = 'ERR_FILE_TOO_LARGE';
}

/**
 * Opens exactly the object of the event.
 *
 * @throws FileRejected if it was deleted, FileSuperseded if it was overwritten, FileTooLarge, or the error of S3
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
      throw new FileRejected(`the object does not exist: ${error.name}`, {}, { cause: error });
    }
    if (status === 412) {
      throw new FileSuperseded('the object was overwritten', { cause: error });
    }
    throw error;
  }
}
