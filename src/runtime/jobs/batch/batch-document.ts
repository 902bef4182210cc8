import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type BatchDocument, type BatchPointer } from '../../../contract/batch.js';
import { ConfigurationError } from '../../errors.js';
import { printable } from '../../support/printable.js';

/**
 * Reads what a batch consists of.
 *
 * @throws ConfigurationError when the object is no description of a batch; what the client throws when it cannot be read
 */
export async function readBatch(client: S3Client, { bucket, key }: BatchPointer, signal?: AbortSignal): Promise<BatchDocument> {
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), signal && { abortSignal: signal });
  const document = parse(await body?.transformToString());
  if (document?.version !== 1 || !Array.isArray(document.files) || typeof document.resultKey !== 'string') {
    throw new ConfigurationError([`expected s3://${bucket}/${printable(key)} to describe a batch, version 1, as ChunkedBatchWorkflow writes it`]);
  }
  return document;
}

function parse(text = ''): BatchDocument | null {
  try {
    return JSON.parse(text) as BatchDocument | null;
  } catch {
    return null;
  }
}
