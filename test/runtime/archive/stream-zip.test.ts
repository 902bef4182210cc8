import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { streamZip } from '../../../src/runtime/archive/index.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

const noise = randomBytes(300_000);
const text = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));
// Data that is full of records: what searches for signatures is led astray.
const records = Buffer.concat(
  Array.from({ length: 50 }, () => buildZip([{ name: 'inner', content: 'inner', descriptor: 'signed' }]).bytes),
);

const specs: EntrySpec[] = [
  { name: 'dir/', method: 0 },
  { name: 'stored.bin', content: noise, method: 0 },
  { name: 'deflated.csv', content: text },
  { name: 'empty-stored', content: '', method: 0, descriptor: 'signed' },
  { name: 'empty-deflated', content: '', descriptor: 'bare' },
  ...(['signed', 'bare', 'signed64', 'bare64'] as const).flatMap((descriptor): EntrySpec[] => [
    { name: `small.${descriptor}`, content: 'small', descriptor },
    { name: `large.${descriptor}`, content: text, descriptor },
    { name: `noise.${descriptor}`, content: noise, descriptor },
    { name: `records.${descriptor}`, content: records, data: storedDeflate(records), descriptor },
  ]),
  { name: 'zip64', content: text, zip64: true },
];
const { bytes } = buildZip(specs, { zip64: true, comment: Buffer.from('a comment') });

/** Deflate in stored blocks: the content stands in the data byte for byte. */
function storedDeflate(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += 65_535) {
    const block = content.subarray(at, at + 65_535);
    const last = at + 65_535 >= content.length ? 1 : 0;
    const head = Buffer.alloc(5);
    head.writeUInt8(last, 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    blocks.push(head, block);
  }
  return Buffer.concat(blocks);
}

async function* pieces(content: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += pieceBytes) {
    yield await Promise.resolve(content.subarray(at, at + pieceBytes));
  }
}

async function copied(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const part of parts) {
    copies.push(Buffer.from(part));
  }
  return Buffer.concat(copies);
}

test.each([1 << 30, 65_536, 4_099, 997])(
  'reads every kind of entry from a body in pieces of %d bytes',
  async (pieceBytes) => {
    const zip = streamZip(pieces(bytes, pieceBytes));
    let i = 0;
    for await (const entry of zip) {
      const { name, content = '' } = specs[i++];
      expect(entry.name).toBe(name);
      const found =
        i % 3 === 0 ? await entry.buffer() : i % 3 === 1 ? await buffer(entry.stream()) : await copied(entry.pieces());
      expect([name, found.equals(Buffer.from(content))]).toEqual([name, true]);
      expect(entry.size).toBe(Buffer.byteLength(content));
    }
    expect(i).toBe(specs.length);
    await zip.verified();
  },
);

test('skips what is not read, as a whole or in part', async () => {
  const zip = streamZip(pieces(bytes, 10_000));
  const found: string[] = [];
  let i = 0;
  for await (const entry of zip) {
    if (i % 3 === 1) {
      entry.stream().destroy();
    }
    if (i++ % 3 === 2) {
      const stream = entry.stream();
      for await (const piece of stream) {
        expect((piece as Buffer).length).toBeGreaterThan(0);
        break;
      }
    }
    found.push(entry.name);
  }
  expect(found).toEqual(specs.map(({ name }) => name));
  await zip.verified();
});

test('is not verified before it was read to its end', async () => {
  const zip = streamZip(pieces(bytes, 10_000));
  await expect(zip.verified()).rejects.toMatchObject({ code: 'ERR_ZIP_NOT_VERIFIED' });
  for await (const entry of zip) {
    expect(entry.name).toBe('dir/');
    break;
  }
  await expect(zip.verified()).rejects.toMatchObject({ code: 'ERR_ZIP_NOT_VERIFIED' });
});

test('verified() rejects with what the loop has thrown', async () => {
  const zip = streamZip(pieces(buildZip([{ name: 'a', content: 'a', central: { crc32: 1 } }]).bytes, 50));
  const loop = async (): Promise<void> => {
    for await (const entry of zip) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_ZIP_MISMATCH' });
  await expect(zip.verified()).rejects.toMatchObject({ code: 'ERR_ZIP_MISMATCH', entry: 'a' });
});

test.each([[[2, 0, 1]], [[0, 2, 1]]])('a directory may be in another order than the body: %j', async (order) => {
  const { bytes: zip, records: places } = buildZip(['a', 'b', 'c'].map((name) => ({ name, content: name })));
  const central = places.filter(({ what }) => what.startsWith('central'));
  const headers = order.map((i) => zip.subarray(central[i].start, central[i].end));
  const archive = streamZip(
    pieces(Buffer.concat([zip.subarray(0, central[0].start), ...headers, zip.subarray(central[2].end)]), 50),
  );
  const names: string[] = [];
  for await (const entry of archive) {
    names.push(entry.name);
  }
  await archive.verified();
  expect(names).toEqual(['a', 'b', 'c']);
});

test('a directory that lists one entry twice and another never is a mismatch', async () => {
  const two = buildZip([
    { name: 'a', content: 'a' },
    { name: 'b', content: 'b' },
  ]);
  const central = two.records.filter(({ what }) => what.startsWith('central'));
  const twice = Buffer.from(two.bytes);
  two.bytes.copy(twice, central[1].start, central[0].start, central[0].end);
  const loop = async (): Promise<void> => {
    for await (const entry of streamZip(pieces(twice, 50))) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_ZIP_MISMATCH' });
});

test('ends at once when the connection is cut', async () => {
  const cut = Readable.from(
    (async function* () {
      yield* pieces(bytes.subarray(0, 200_000), 10_000);
      throw new Error('ECONNRESET');
    })(),
  );
  const loop = async (): Promise<void> => {
    for await (const entry of streamZip(cut)) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toMatchObject({
    code: 'ERR_ZIP_SOURCE',
    cause: expect.objectContaining({ message: 'ECONNRESET' }),
  });
});

test.each([0, 1, 2])('a signal stops a body that hangs after %d pieces', async (hangAfter) => {
  const stop = new AbortController();
  const hanging = async function* (): AsyncGenerator<Buffer> {
    for (let i = 0; i < hangAfter; i++) {
      yield bytes.subarray(i * 100_000, (i + 1) * 100_000);
    }
    setTimeout(() => stop.abort(new Error('enough')), 5);
    await new Promise(() => undefined);
  };
  const loop = async (): Promise<void> => {
    for await (const entry of streamZip(hanging(), { signal: stop.signal })) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toThrow('enough');
});
