// Both ZIP readers.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openZip } from '../../src/runtime/archive/zip-archive.js';
import { ZipError } from '../../src/runtime/archive/zip-error.js';
import { streamZip } from '../../src/runtime/archive/zip-stream.js';
import { mutateBytes } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

export const maxBytes = 4_096;
const words = [
  'PK\u0001\u0002',
  'PK\u0003\u0004',
  'PK\u0005\u0006',
  'PK\u0006\u0006',
  'PK\u0006\u0007',
  'PK\u0007\b',
].map((text) => Buffer.from(text, 'latin1'));

export const mutate: FuzzTarget['mutate'] = (input, other, random) =>
  mutateBytes(input, other, random, { words, maxBytes });

/** The bad archives of the tests. */
export function seeds(root: string): readonly Buffer[] {
  const folder = join(root, 'test/fixtures/archives/bad');
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)))
    .filter(({ length }) => length <= maxBytes);
}

/** Small enough that no input can take long. */
const limits = { maxEntryBytes: 1_000_000, maxTotalBytes: 4_000_000, maxEntries: 1_000, maxDirectoryBytes: 1_000_000 };

type Contents = Map<string, Buffer>;

/**
 * What must hold for any bytes: an end, no error but a ZipError, and, where both readers accept all of it, the same
 * contents from both.
 */
export async function fuzz(data: Buffer): Promise<void> {
  const opened = await accepted(async () => {
    const contents: Contents = new Map();
    const zip = await openZip(data, { limits });
    for await (const entry of zip.read({ select: () => true })) {
      contents.set(entry.name, await entry.buffer());
    }
    return contents;
  });
  const streamed = await accepted(async () => {
    const contents: Contents = new Map();
    const zip = streamZip(pieces(data), { limits });
    for await (const entry of zip) {
      contents.set(entry.name, await entry.buffer());
    }
    await zip.verified();
    return contents;
  });
  if (opened === undefined || streamed === undefined) {
    return;
  }
  if (opened.size !== streamed.size) {
    throw new Error(`openZip reads ${opened.size} entries, streamZip ${streamed.size}`);
  }
  for (const [name, content] of opened) {
    if (streamed.get(name)?.equals(content) !== true) {
      throw new Error('openZip and streamZip read different contents');
    }
  }
}

async function* pieces(data: Buffer): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < data.length; at += 61) {
    yield await Promise.resolve(data.subarray(at, at + 61));
  }
}

async function accepted(read: () => Promise<Contents>): Promise<Contents | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ZipError) {
      return undefined;
    }
    throw error;
  }
}
