import type { ArchiveSource, SourceTail } from './source.js';
import { sourceEnded } from './source.js';

const PIECE_BYTES = 256 * 1024;

/** An archive in memory. It is not copied, so it must not be modified. */
export function bufferSource(content: Uint8Array, label = 'buffer'): ArchiveSource {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const slice = (start: number, end: number, signal?: AbortSignal): Buffer => {
    signal?.throwIfAborted();
    if (end > bytes.length) {
      throw sourceEnded(label, bytes.length);
    }
    return bytes.subarray(start, end);
  };
  return {
    label,
    tail: async (length): Promise<SourceTail> =>
      Promise.resolve({ size: bytes.length, bytes: bytes.subarray(Math.max(0, bytes.length - length)) }),
    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
    read: async (start, end, signal) => slice(start, end, signal),
    // eslint-disable-next-line @typescript-eslint/require-await -- one interface for all sources
    async *stream(start, end, signal) {
      for (let at = start; at < end; at += PIECE_BYTES) {
        yield slice(at, Math.min(end, at + PIECE_BYTES), signal);
      }
    },
    close: () => Promise.resolve(),
  };
}
