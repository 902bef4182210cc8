import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack, type Header } from 'tar-stream';
import { streamGzip, streamTar, TarError, type ArchiveLimits } from '../../../src/runtime/archive/index.js';

const text = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));

async function tar(
  ...entries: (Partial<Header> & { readonly name: string; readonly content?: Buffer | string })[]
): Promise<Buffer> {
  const packing = pack();
  for (const { content = '', ...header } of entries) {
    packing.entry(header, Buffer.from(content));
  }
  packing.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of packing as AsyncIterable<Buffer>) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* pieces(bytes: Buffer, pieceBytes = 1_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
  }
}

async function read(bytes: Buffer, options: Parameters<typeof streamTar>[1] = {}): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of streamTar(pieces(bytes), options)) {
    if (entry.kind !== 'directory') {
      found[entry.name] = (await entry.buffer()).toString();
    }
  }
  return found;
}

const good = (): Promise<Buffer> =>
  tar(
    { name: './dir/', type: 'directory' },
    { name: './dir/a.csv', content: text },
    { name: 'b', content: 'b' },
    { name: `${'long/'.repeat(40)}name`, content: 'pax' },
  );

test.each([
  ['tar', (bytes: Buffer) => bytes],
  ['tar.gz', (bytes: Buffer) => gzipSync(bytes)],
])('reads a %s, and skips what is not read', async (_, pack) => {
  const bytes = pack(await good());
  expect(await read(bytes)).toEqual({ 'dir/a.csv': text.toString(), b: 'b', [`${'long/'.repeat(40)}name`]: 'pax' });
  const names: string[] = [];
  for await (const entry of streamTar(pieces(bytes))) {
    names.push(entry.name);
  }
  expect(names).toEqual(['dir/', 'dir/a.csv', 'b', `${'long/'.repeat(40)}name`]);
});

test('may be left in the middle', async () => {
  for await (const entry of streamTar(pieces(await good()))) {
    if (entry.kind === 'directory') {
      continue;
    }
    for await (const piece of entry.stream()) {
      expect((piece as Buffer).length).toBeGreaterThan(0);
      break;
    }
    break;
  }
});

test.each<[string, Partial<Header> & { name: string; content?: string }, string, ArchiveLimits]>([
  ['a name that escapes', { name: '../evil', content: 'x' }, 'ERR_TAR_NAME_ESCAPES', {}],
  ['an absolute name', { name: '/etc/passwd', content: 'x' }, 'ERR_TAR_NAME_ABSOLUTE', {}],
  ['a symbolic link', { name: 'link', type: 'symlink', linkname: '/etc/passwd' }, 'ERR_TAR_SYMLINK', {}],
  ['a hard link', { name: 'link', type: 'link', linkname: '/etc/passwd' }, 'ERR_TAR_SYMLINK', {}],
  ['a device', { name: 'dev', type: 'block-device' }, 'ERR_TAR_SPECIAL_FILE', {}],
  ['a large entry', { name: 'large', content: 'x'.repeat(200) }, 'ERR_TAR_ENTRY_TOO_LARGE', { maxEntryBytes: 100 }],
])('refuses %s and reads on', async (_, entry, code, limits) => {
  const refused: unknown[] = [];
  for await (const found of streamTar(pieces(await tar(entry, { name: 'good', content: 'good' })), { limits })) {
    await found.buffer().catch((error: unknown) => refused.push(error));
  }
  expect(refused).toEqual([expect.any(TarError)]);
  expect(refused).toMatchObject([{ code }]);
});

test('refuses the second of two entries with one name', async () => {
  await expect(read(await tar({ name: 'a', content: '1' }, { name: './A', content: '2' }))).rejects.toMatchObject({
    code: 'ERR_TAR_DUPLICATE_NAME',
  });
});

test('notices a cut anywhere, even between two entries', async () => {
  const bytes = await good();
  for (let cut = 0; cut < bytes.length - 512; cut += 512) {
    await expect(read(bytes.subarray(0, cut))).rejects.toMatchObject({ code: 'ERR_TAR_TRUNCATED' });
  }
  const zipped = gzipSync(bytes);
  for (const cut of [1, 5, 100, zipped.length - 9, zipped.length - 1]) {
    await expect(read(zipped.subarray(0, cut))).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TAR_(TRUNCATED|BAD_DATA)$/),
    });
  }
});

test('notices damage to a header or to compressed data', async () => {
  const bytes = await good();
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  await expect(read(bytes)).rejects.toMatchObject({ code: 'ERR_TAR_BAD_RECORD' });
  const zipped = gzipSync(await good());
  zipped.writeUInt8(zipped.readUInt8(zipped.length - 6) ^ 1, zipped.length - 6);
  await expect(read(zipped)).rejects.toMatchObject({ code: 'ERR_TAR_BAD_DATA' });
});

test('stops at a bomb', async () => {
  const bomb = gzipSync(await tar({ name: 'zeros', content: Buffer.alloc(3_000_000) }));
  await expect(read(bomb)).rejects.toMatchObject({ code: 'ERR_TAR_RATIO' });
  await expect(read(bomb, { limits: { maxRatio: Infinity, maxTotalBytes: 1_000_000 } })).rejects.toMatchObject({
    code: 'ERR_TAR_TOTAL_TOO_LARGE',
  });
});

test('passes a broken source on with its cause', async () => {
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield (await good()).subarray(0, 2_000);
    throw new Error('ECONNRESET');
  };
  const loop = async (): Promise<void> => {
    for await (const entry of streamTar(broken())) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_TAR_SOURCE', cause: { cause: { message: 'ECONNRESET' } } });
});

test('refuses a file without a name, and a directory with content', async () => {
  const headers = await tar({ name: 'x', content: 'x' }, { name: 'dir/', type: 'directory' });
  headers.fill(0, 0, 1); // the name of the first
  headers.write('00000000010', 1024 + 124); // the size of the second
  for (const at of [0, 1024]) {
    headers.fill(' ', at + 148, at + 156);
    const sum = headers.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    headers.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  const codes: unknown[] = [];
  for await (const { refusal } of streamTar(pieces(headers))) {
    codes.push(refusal?.code);
  }
  expect(codes).toEqual(['ERR_TAR_NAME_EMPTY', 'ERR_TAR_SIZE']);
});

test('whatever is done to a tar or tar.gz, it ends, with a TarError or with entries', async () => {
  const bytes = await good();
  const mutation = fc.record({
    at: fc.nat(),
    by: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    kind: fc.constantFrom('write', 'insert', 'remove'),
  });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(mutation, { minLength: 1, maxLength: 4 }), async (gzipped, mutations) => {
      let bent: Buffer = gzipped ? gzipSync(bytes) : Buffer.from(bytes);
      for (const { at, by, kind } of mutations) {
        // Headers are what there is to break: half of all changes go into one.
        const place = at % 2 === 0 || gzipped ? at % (bent.length + 1) : (at % 8) * 512 + (at % 512);
        if (kind === 'write') {
          bent.set(by.subarray(0, Math.max(0, bent.length - place)), Math.min(place, bent.length));
        }
        if (kind === 'insert') {
          bent = Buffer.concat([bent.subarray(0, place), by, bent.subarray(place)]);
        }
        if (kind === 'remove') {
          bent = Buffer.concat([bent.subarray(0, place), bent.subarray(place + by.length)]);
        }
      }
      try {
        for await (const entry of streamTar(pieces(bent, 10_000))) {
          await entry.buffer().catch((error: unknown) => expect(error).toBeInstanceOf(TarError));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(TarError);
      }
    }),
    { numRuns: 300 },
  );
});

describe('gzip', () => {
  test('is an archive with one entry', async () => {
    const entry = streamGzip(pieces(gzipSync(text)), { label: 's3://b/dir/data.csv.gz' });
    expect(entry.name).toBe('data.csv');
    expect((await entry.buffer()).equals(text)).toBe(true);
  });

  test.each<[string, Buffer, string, ArchiveLimits]>([
    ['cut', gzipSync(text).subarray(0, -20), 'ERR_TAR_TRUNCATED', {}],
    ['damaged', Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8, 1)]), 'ERR_TAR_BAD_DATA', {}],
    ['a bomb', gzipSync(Buffer.alloc(5_000_000)), 'ERR_TAR_RATIO', {}],
    ['too large for a buffer', gzipSync(text), 'ERR_TAR_ENTRY_TOO_LARGE', { maxBufferBytes: 1_000 }],
    ['too large', gzipSync(text), 'ERR_TAR_ENTRY_TOO_LARGE', { maxEntryBytes: 1_000 }],
  ])('fails when it is %s', async (_, bytes, code, limits) => {
    await expect(streamGzip(pieces(bytes), { limits }).buffer()).rejects.toMatchObject({ code });
  });

  test('a bomb is known by what was inflated, not by what was read ahead', async () => {
    const padded = Buffer.concat([gzipSync(Buffer.alloc(5_000_000)), Buffer.alloc(1_000_000)]);
    await expect(streamGzip(pieces(padded, padded.length)).buffer()).rejects.toMatchObject({ code: 'ERR_TAR_RATIO' });
  });
});
