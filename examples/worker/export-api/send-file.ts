import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Archive } from './archives.ts';
import type { Faults } from './faults.ts';

const PIECE_BYTES = 64 * 1024;

/** Sends a file or a range of it, or the response of a faulty server. */
export function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  archive: Archive,
  faults: Faults,
): FastifyReply {
  const etag = `"${archive.sha256}"`;
  const size = Math.max(0, archive.size - faults.truncatedBytes);
  const range = faults.noRanges || (headers['if-range'] ?? etag) !== etag ? undefined : rangeOf(headers.range, size);
  if (!faults.noRanges) {
    reply.header('accept-ranges', 'bytes');
  }
  if (range === 'none') {
    return reply.code(416).header('content-range', `bytes */${size}`).send();
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (range !== undefined) {
    reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${size}`);
  }
  return reply
    .headers({ etag: etag, 'content-type': 'application/zip', 'content-length': end - start + faults.extraLength })
    .send(Readable.from(bytesOf(archive, start, end, faults), { objectMode: false }));
}

async function* bytesOf(archive: Archive, start: number, end: number, faults: Faults): AsyncGenerator<Buffer> {
  const file = await open(archive.path, 'r');
  try {
    for (let at = start; at < end;) {
      const stop = Math.min(end, at + PIECE_BYTES, start + (faults.resetAfterBytes ?? Infinity));
      if (stop === at) {
        throw new Error('the connection breaks');
      }
      const bytes = Buffer.alloc(stop - at);
      await file.read(bytes, 0, bytes.length, at);
      const middle = Math.floor(archive.size / 2) - at;
      if (faults.corrupt && middle >= 0 && middle < bytes.length) {
        bytes[middle] ^= 0xff;
      }
      yield bytes;
      at = stop;
    }
    if (faults.extraLength > 0) {
      throw new Error('the connection ends before what was announced');
    }
  } finally {
    await file.close();
  }
}

/** The range of the request; 'none' when the file has no such bytes, undefined for the whole file. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'none' | undefined {
  const range = /^bytes=(?<first>\d*)-(?<last>\d*)$/.exec(header ?? '')?.groups;
  if (range === undefined) {
    return undefined;
  }
  const start = range.first === '' ? Math.max(0, size - Number(range.last)) : Number(range.first);
  const end = range.first === '' || range.last === '' ? size : Math.min(size, Number(range.last) + 1);
  return start < end ? { start, end } : 'none';
}
