import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { PoisonMessage } from 'fileworks-runtime';

interface FileObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export interface Summary {
  readonly bytes: number;
  readonly lines: number;
  readonly sha256: string;
}

const LINE_FEED = 0x0a;

/** Reads a file once, as a stream; undefined if it does not exist. @throws PoisonMessage for a file without content */
export async function summarize(
  client: S3Client,
  { bucket, key, versionId }: FileObject,
  signal: AbortSignal,
): Promise<Summary | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), {
      abortSignal: signal,
    });
    for await (const piece of body as Readable as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      hash.update(piece);
      bytes += piece.length;
      for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, at + 1)) {
        lines += 1;
      }
    }
  } catch (error) {
    if (error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NoSuchVersion')) {
      return undefined;
    }
    throw error;
  }
  if (bytes === 0) {
    throw new PoisonMessage('the file is empty');
  }
  return { bytes, lines, sha256: hash.digest('hex') };
}
