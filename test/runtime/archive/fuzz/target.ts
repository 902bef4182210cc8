// Not from the index: the AWS SDK would be in the process, and in the coverage that is taken after every input.
import { openZip } from '../../../../src/runtime/archive/zip-archive.js';
import { ZipError } from '../../../../src/runtime/archive/zip-error.js';
import { streamZip } from '../../../../src/runtime/archive/zip-stream.js';

/** Small enough that no input can take long. */
const limits = { maxEntryBytes: 1_000_000, maxTotalBytes: 4_000_000, maxEntries: 1_000, maxDirectoryBytes: 1_000_000 };

type Contents = Map<string, Buffer>;

/**
 * What must hold for any bytes: an end, no error but a ZipError, and, where both readers accept all of it, the same contents from both.
 */
export async function fuzz(data: Buffer): Promise<void> {
  const opened = await accepted(async () => {
    const contents: Contents = new Map();
    const zip = await openZip(data, { limits });
    for await (const entry of zip.read({ select: () => true })) contents.set(entry.name, await entry.buffer());
    return contents;
  });
  const streamed = await accepted(async () => {
    const contents: Contents = new Map();
    const zip = streamZip(pieces(data), { limits });
    for await (const entry of zip) contents.set(entry.name, await entry.buffer());
    await zip.verified();
    return contents;
  });
  if (opened === undefined || streamed === undefined) return;
  if (opened.size !== streamed.size) throw new Error(`openZip reads ${opened.size} entries, streamZip ${streamed.size}`);
  for (const [name, content] of opened) {
    if (streamed.get(name)?.equals(content) !== true) throw new Error('openZip and streamZip read different contents');
  }
}

async function* pieces(data: Buffer): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < data.length; at += 61) yield await Promise.resolve(data.subarray(at, at + 61));
}

async function accepted(read: () => Promise<Contents>): Promise<Contents | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ZipError) return undefined;
    throw error;
  }
}
