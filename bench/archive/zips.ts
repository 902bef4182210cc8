// The archives of the bench, created once below .tools: the same bytes on every machine.
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

const MIB = 1024 * 1024;

export type Zip =
  | 'small10k'
  | 'small10k-dd'
  | 'text20x50'
  | 'text20x50-dd'
  | 'mixed4x250'
  | 'stored4x250'
  | 'zip64-5g'
  | 'export-1m'
  | 'export-16m'
  | 'export-64m'
  | 'export-1g'
  | 'export-4g';

interface Body {
  readonly method: 0 | 8;
  readonly crc32: number;
  readonly size: number;
  readonly compressedSize: number;
  /** Written one after the other. */
  readonly pieces: readonly Buffer[];
}

interface Planned {
  readonly name: string;
  readonly body: () => Body;
}

/** Pseudorandom numbers, the same on every machine (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return (value ^ (value >>> 14)) >>> 0;
  };
}

function noise(bytes: number, seed: number): Buffer {
  const next = numbers(seed);
  const made = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) {
    made.writeUInt32LE(next(), at);
  }
  return made;
}

/** CSV that deflate compresses about five times, like exports of orders. */
function csv(bytes: number, seed: number): Buffer {
  const next = numbers(seed);
  const cities = ['Berlin', 'Hamburg', 'Lyon', 'Porto', 'Graz', 'Gent'];
  const lines: string[] = [];
  for (let length = 0; length < bytes;) {
    const line = `${1_000_000 + lines.length},2026-11-${String(1 + (next() % 28)).padStart(2, '0')},${cities[next() % 6] ?? ''},${next() % 100},${(next() % 10_000) / 100},shipped\n`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, bytes);
}

function json(bytes: number, seed: number): Buffer {
  const next = numbers(seed);
  const items: string[] = [];
  for (let length = 0; length < bytes; length += 60) {
    items.push(`{"id":"${next().toString(36)}${next().toString(36)}","amount":${next() % 100_000},"state":"open"}`);
  }
  return Buffer.from(`[${items.join(',')}]`);
}

function deflated(content: Buffer): Body {
  const data = deflateRawSync(content);
  return { method: 8, crc32: crc32(content), size: content.length, compressedSize: data.length, pieces: [data] };
}

function stored(piece: Buffer, times: number): Body {
  let crc = 0;
  for (let i = 0; i < times; i++) {
    crc = crc32(piece, crc);
  }
  return {
    method: 0,
    crc32: crc,
    size: piece.length * times,
    compressedSize: piece.length * times,
    pieces: Array<Buffer>(times).fill(piece),
  };
}

function plan(zip: Zip): Planned[] {
  const many = (count: number, name: (i: number) => string, body: (i: number) => Body): Planned[] =>
    Array.from({ length: count }, (_, i) => ({ name: name(i), body: () => body(i) }));
  switch (zip) {
    case 'small10k':
    case 'small10k-dd':
      return many(
        10_000,
        (i) => `orders/${i % 100}/${i}.json`,
        (i) => deflated(json(4_700, i)),
      );
    case 'text20x50':
    case 'text20x50-dd': {
      const body = deflated(csv(50 * MIB, 1)); // one body for all: creating twenty takes minutes
      return many(
        20,
        (i) => `orders-${i}.csv`,
        () => body,
      );
    }
    case 'mixed4x250': {
      const body = deflated(
        Buffer.concat(Array.from({ length: 25 }, (_, i) => Buffer.concat([csv(5 * MIB, i), noise(5 * MIB, i)]))),
      );
      return many(
        4,
        (i) => `mixed-${i}.bin`,
        () => body,
      );
    }
    case 'stored4x250': {
      const body = stored(noise(10 * MIB, 7), 25);
      return many(
        4,
        (i) => `stored-${i}.bin`,
        () => body,
      );
    }
    case 'export-1m':
    case 'export-16m':
    case 'export-64m':
    case 'export-1g':
    case 'export-4g': {
      // A hundred entries, almost the whole archive.
      const half = {
        'export-1m': 5_000,
        'export-16m': 80_000,
        'export-64m': 320_000,
        'export-1g': 5_000_000,
        'export-4g': 20_000_000,
      }[zip];
      const body = deflated(Buffer.concat([noise(half, 5), csv(half * 5, 5)]));
      return many(
        100,
        (i) => `2026/11/record-${i}.bin`,
        () => body,
      );
    }
    case 'zip64-5g': {
      const body = stored(noise(16 * MIB, 9), 320);
      return many(
        1,
        () => 'five-gigabytes.bin',
        () => body,
      );
    }
  }
}

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);

/** Creates the archive unless it exists. @returns its path */
export async function makeZip(folder: string, zip: Zip): Promise<string> {
  const file = join(folder, `${zip}.zip`);
  if (existsSync(file)) {
    return file;
  }
  mkdirSync(folder, { recursive: true });
  const out = createWriteStream(`${file}.part`);
  let at = 0;
  const write = async (...pieces: Buffer[]): Promise<void> => {
    for (const piece of pieces) {
      at += piece.length;
      if (!out.write(piece)) {
        await once(out, 'drain');
      }
    }
  };
  const descriptors = zip.endsWith('-dd');
  const directory: Buffer[] = [];
  for (const { name, body: make } of plan(zip)) {
    const body = make();
    const offset = at;
    const nameBytes = Buffer.from(name);
    const wide = body.size >= 0xffffffff;
    const sizes = wide ? [u32(0xffffffff), u32(0xffffffff)] : [u32(body.compressedSize), u32(body.size)];
    const extra = wide ? Buffer.concat([u16(1), u16(16), u64(body.size), u64(body.compressedSize)]) : Buffer.alloc(0);
    const head = [u16(45), u16(descriptors ? 8 : 0), u16(body.method), u16(0), u16(0x5d74)];
    const known = descriptors ? [u32(0), u32(0), u32(0)] : [u32(body.crc32), ...sizes];
    await write(
      u32(0x04034b50),
      ...head,
      ...known,
      u16(nameBytes.length),
      u16(extra.length),
      nameBytes,
      extra,
      ...body.pieces,
    );
    if (descriptors) {
      await write(u32(0x08074b50), u32(body.crc32), ...sizes);
    }
    const lengths = [u16(nameBytes.length), u16(extra.length), u16(0)];
    directory.push(
      u32(0x02014b50),
      u16(45),
      ...head,
      u32(body.crc32),
      ...sizes,
      ...lengths,
      u16(0),
      u16(0),
      u32(0),
      u32(offset),
      nameBytes,
      extra,
    );
  }
  const entries = plan(zip).length;
  const start = at;
  await write(Buffer.concat(directory));
  const bytes = at - start;
  if (start >= 0xffffffff) {
    const end64 = at;
    await write(
      u32(0x06064b50),
      u64(44),
      u16(45),
      u16(45),
      u32(0),
      u32(0),
      u64(entries),
      u64(entries),
      u64(bytes),
      u64(start),
    );
    await write(u32(0x07064b50), u32(0), u64(end64), u32(1));
  }
  await write(
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(entries),
    u16(entries),
    u32(bytes),
    u32(Math.min(start, 0xffffffff)),
    u16(0),
  );
  out.end();
  await once(out, 'close');
  renameSync(`${file}.part`, file);
  return file;
}
