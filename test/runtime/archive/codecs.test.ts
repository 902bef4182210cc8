import { zstdCompressSync } from 'node:zlib';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import { openZip, type Decompressor } from '../../../src/runtime/archive/index.js';
import { buildZip } from '../../support/zip-builder.js';

/** Array.fromAsync, which the libraries of ES2023 do not have. */
async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

const text = Buffer.from(Array.from({ length: 50_000 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));

async function encrypted(level: number): Promise<Buffer> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    password: 'correct horse',
    encryptionStrength: 3,
    level,
    useWebWorkers: false,
  });
  await writer.add('secret.csv', new Uint8ArrayReader(new Uint8Array(text)));
  await writer.add('empty', new Uint8ArrayReader(new Uint8Array()));
  return Buffer.from(await writer.close());
}

describe.each([
  ['deflated', 6],
  ['stored', 0],
])('a %s entry under WinZip AES', (_, level) => {
  test('is read with the password', async () => {
    const zip = await openZip(await encrypted(level), { password: 'correct horse' });
    const entry = zip.get('secret.csv')!;
    expect(entry.encrypted).toBe(true);
    expect((await entry.buffer()).equals(text)).toBe(true);
    expect(await zip.get('empty')!.buffer()).toHaveLength(0);
  });

  test('fails with a wrong password', async () => {
    const zip = await openZip(await encrypted(level), { password: 'wrong' });
    await expect(zip.get('secret.csv')!.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_PASSWORD' });
  });

  test('fails without a password, and says what to do', async () => {
    const zip = await openZip(await encrypted(level));
    await expect(zip.get('secret.csv')!.buffer()).rejects.toMatchObject({
      code: 'ERR_ZIP_ENCRYPTED',
      message: expect.stringContaining('`password`'),
    });
  });

  test('fails when its data was changed', async () => {
    const bytes = await encrypted(level);
    bytes.writeUInt8(bytes.readUInt8(300) ^ 1, 300);
    const zip = await openZip(bytes, { password: 'correct horse' });
    await expect(zip.get('secret.csv')!.buffer()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_ZIP_(CRC|BAD_DATA)$/),
    });
  });
});

test('reads zstd as far as this Node can', async () => {
  const zip = await openZip(buildZip([{ name: 'a', content: text, method: 93, data: zstdCompressSync(text) }]).bytes);
  expect((await zip.get('a')!.buffer()).equals(text)).toBe(true);
});

test('fails on damaged zstd data', async () => {
  const zip = await openZip(buildZip([{ name: 'a', content: text, method: 93, data: Buffer.from('no zstd') }]).bytes);
  await expect(zip.get('a')!.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_BAD_DATA' });
});

test('takes a decompressor of the caller, and verifies what comes out of it', async () => {
  const reversed = Buffer.from(text).reverse();
  const { bytes } = buildZip([{ name: 'a', content: text, method: 12, data: reversed }]);
  const gathered = async (data: AsyncIterable<Buffer>): Promise<Buffer> => Buffer.concat(await collected(data));
  const read = async (decompressor: Decompressor): Promise<Buffer> =>
    (await openZip(bytes, { decompressors: { 12: decompressor } })).get('a')!.buffer();

  const right = await read(async function* (data) {
    yield (await gathered(data)).reverse();
  });
  expect(right.equals(text)).toBe(true);

  const wrong = read(async function* (data) {
    yield await gathered(data);
  });
  await expect(wrong).rejects.toMatchObject({ code: 'ERR_ZIP_CRC' });

  const bomb = read(async function* () {
    for (;;) {
      yield await Promise.resolve(Buffer.alloc(1_000_000));
    }
  });
  await expect(bomb).rejects.toMatchObject({ code: 'ERR_ZIP_SIZE' });

  const broken = read(() => {
    throw new Error('codec');
  });
  await expect(broken).rejects.toMatchObject({
    code: 'ERR_ZIP_BAD_DATA',
    cause: expect.objectContaining({ message: 'codec' }),
  });
});
