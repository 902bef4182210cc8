import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  type BatchDocument,
  type BatchFile,
  type BatchFiling,
  type BatchJobPayload,
  type BatchPointer,
} from '../../../contract/batch.js';
import { ConfigurationError, PoisonMessage } from '../../errors.js';
import { printable } from '../../support/printable.js';

/**
 * Reads the description of a batch.
 *
 * @throws ConfigurationError if the object does not describe a batch; errors of the client
 */
export async function readBatch(
  client: S3Client,
  { bucket, key }: BatchPointer,
  signal?: AbortSignal,
): Promise<BatchDocument> {
  const { Body: body } = await client.send(
    new GetObjectCommand({ Bucket: bucket, Key: key }),
    signal && { abortSignal: signal },
  );
  const document = parse(await body?.transformToString());
  if (!isBatch(document)) {
    throw new ConfigurationError([
      `expected s3://${bucket}/${printable(key)} to describe a batch, version 1, as ChunkedBatchWorkflow writes it`,
    ]);
  }
  return document;
}

/** Reads the batch of a message. @throws PoisonMessage if it contains none */
export function readBatchJob(body: unknown): BatchJobPayload {
  const { bucket, key, taskToken } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Partial<BatchJobPayload>;
  if (typeof bucket !== 'string' || typeof key !== 'string' || typeof taskToken !== 'string') {
    throw new PoisonMessage(
      'the message does not contain a batch; only BatchProcessor.worker() may send to this queue',
    );
  }
  return { bucket, key, taskToken };
}

const FILINGS: readonly (BatchFiling['by'] | undefined)[] = ['move', 'tag', 'none'];

/** Keys can come from an external manifest. */
function isBatch(document: Partial<BatchDocument> | null): document is BatchDocument {
  const { version, files, filing, resultKey } = document ?? {};
  return (
    version === 1 &&
    typeof resultKey === 'string' &&
    FILINGS.includes(filing?.by) &&
    Array.isArray(files) &&
    files.every((file: Partial<BatchFile> | null) => typeof file?.key === 'string')
  );
}

function parse(text = ''): Partial<BatchDocument> | null {
  try {
    return JSON.parse(text) as Partial<BatchDocument> | null;
  } catch {
    return null;
  }
}
