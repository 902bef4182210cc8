/** Smaller pieces may share their memory with others, as Node's own pool does. */
const OWN_MEMORY_BYTES = 64 * 1024;

/**
 * Takes the memory of each piece back when the next one is asked for, instead of leaving it to the garbage collector.
 *
 * Memory of buffers is what makes V8 collect: inflating a gigabyte runs seventy full collections, each as long as the
 * heap of the program is large. Taken back
 * at once, it is twenty. A piece that was kept has no bytes left, which shows at once, rather than the bytes of
 * another.
 *
 * Only for pieces that nothing else refers to, such as the output of zlib.
 */
export async function* lent(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) {
    yield piece;
    const memory = piece.buffer as ArrayBuffer & { transfer?: (bytes: number) => unknown };
    // zlib hands out its chunk in slices: when the last one is done with, all of them are.
    const last = piece.byteOffset + piece.byteLength === memory.byteLength;
    if (last && memory.byteLength >= OWN_MEMORY_BYTES) {
      memory.transfer?.(0);
    }
  }
}
