/** Smaller pieces may share their memory with others, as in the buffer pool of Node.js. */
const OWN_MEMORY_BYTES = 64 * 1024;

/**
 * Detaches the memory of each piece when the next one is requested, instead of leaving it to the garbage collector.
 *
 * External memory of buffers triggers garbage collections in V8: inflating a gigabyte causes seventy full collections,
 * whose duration grows with the heap of the program. With immediate release there are twenty. A retained piece becomes
 * empty, which is easier to detect than different content.
 *
 * Only for pieces without other references, such as the output of zlib.
 */
export async function* detachAfterUse(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) {
    yield piece;
    const memory = piece.buffer as ArrayBuffer & { transfer?: (bytes: number) => unknown };
    // zlib yields its chunk in slices: after the last one, the whole chunk is unused.
    const last = piece.byteOffset + piece.byteLength === memory.byteLength;
    if (last && memory.byteLength >= OWN_MEMORY_BYTES) {
      memory.transfer?.(0);
    }
  }
}
