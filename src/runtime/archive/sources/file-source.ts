import { open, type FileHandle } from 'node:fs/promises';
import { ZipError } from '../zip-error.js';
import { sourceEnded, sourceFailed, type ArchiveSource } from './source.js';

/** Large enough that the cost of a promise per piece is negligible. */
const PIECE_BYTES = 512 * 1024;

/** An archive in a local file. It is opened at the first read and must not be modified while it is read. */
export function fileSource(path: string): ArchiveSource {
  let opened: Promise<FileHandle> | undefined;
  const handle = (): Promise<FileHandle> => (opened ??= open(path, 'r'));

  const fill = async (bytes: Buffer, start: number, signal?: AbortSignal): Promise<Buffer> => {
    signal?.throwIfAborted();
    try {
      const file = await handle();
      for (let filled = 0; filled < bytes.length;) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        signal?.throwIfAborted();
        if (bytesRead === 0) {
          throw sourceEnded(path, start + filled);
        }
        filled += bytesRead;
      }
    } catch (error) {
      throw sourceFailed(path, start, error, signal);
    }
    return bytes;
  };
  const read = (start: number, end: number, signal?: AbortSignal): Promise<Buffer> =>
    fill(Buffer.allocUnsafeSlow(end - start), start, signal);

  /** Reads one piece while the previous one is processed; `memory` provides the buffers. */
  async function* pieces(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
    memory: (length: number) => Buffer,
  ): AsyncGenerator<Buffer, void, void> {
    const piece = (at: number): Promise<Buffer> => fill(memory(Math.min(end - at, PIECE_BYTES)), at, signal);
    let next = start < end ? piece(start) : undefined;
    try {
      for (let at = start; next !== undefined;) {
        const bytes = await next;
        at += bytes.length;
        next = at < end ? piece(at) : undefined;
        next?.catch(() => undefined); // thrown when it is awaited
        yield bytes;
      }
    } finally {
      await next?.catch(() => undefined);
    }
  }

  return {
    label: path,
    async tail(length, signal) {
      signal?.throwIfAborted();
      const stats = await handle()
        .then((file) => file.stat())
        .catch((error: unknown) => {
          throw sourceFailed(path, 0, error, signal);
        });
      if (!stats.isFile()) {
        throw new ZipError('ERR_ZIP_SOURCE', 'not a regular file, so it has no random access; use streamZip', {
          archive: path,
        });
      }
      return { size: stats.size, bytes: await read(Math.max(0, stats.size - length), stats.size, signal) };
    },
    read,
    stream: (start, end, signal) => pieces(start, end, signal, (length) => Buffer.allocUnsafeSlow(length)),
    streamTransient(start, end, signal) {
      // Two alternating buffers: while the second is in use, the next read fills the first.
      const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(end - start, PIECE_BYTES)));
      let turn = 0;
      return pieces(start, end, signal, (length) => buffers[turn++ % 2].subarray(0, length));
    },
    async close() {
      const file = await opened?.catch(() => undefined);
      opened = undefined;
      await file?.close();
    },
  };
}
