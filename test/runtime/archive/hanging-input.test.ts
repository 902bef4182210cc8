import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, inflateRawSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { bufferSource, openZip, streamZip, type ArchiveSource } from '../../../src/runtime/archive/index.js';
import { foldName } from '../../../src/runtime/archive/names.js';
import { buildZip } from '../../support/zip-builder.js';

// What an input may do besides being wrong: stop coming, come in crumbs, change while it is read. Jest's own time limit
// is what fails when something hangs.
jest.setTimeout(20_000);

const text = Buffer.from(Array.from({ length: 400_000 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));

/** The first bytes, and then nothing, for ever. */
async function* stalling(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_000) {
    yield await Promise.resolve(bytes.subarray(at, at + 10_000));
  }
  await new Promise(() => undefined);
}

/** Sends the first 20,000 bytes of a range; only a signal ends the wait for the others. */
function stallingSource(bytes: Buffer): ArchiveSource & { open: number } {
  const inner = bufferSource(bytes);
  return {
    ...inner,
    open: 0,
    async *stream(start, end, signal) {
      this.open += 1;
      try {
        yield* inner.stream(start, Math.min(end, start + 20_000), signal);
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
      } finally {
        this.open -= 1;
      }
    },
  };
}

test.each(['stored', 'deflated'])('a loop over a %s entry can be left while the source hangs', async (how) => {
  const source = stallingSource(buildZip([{ name: 'a', content: text, method: how === 'stored' ? 0 : 8 }]).bytes);
  const zip = await openZip(source);
  for await (const piece of zip.entries[0].pieces()) {
    expect(piece.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 20)); // by now the next piece is waited for
    break;
  }
  expect(source.open).toBe(0);
  await zip.close();
});

test('content that is too long is an error at once, while the source hangs', async () => {
  const source = stallingSource(
    buildZip([{ name: 'a', content: text, local: { size: 30_000 }, central: { size: 30_000 } }]).bytes,
  );
  const zip = await openZip(source);
  const loop = async (): Promise<void> => {
    for await (const piece of zip.entries[0].pieces()) {
      expect(piece.length).toBe(0);
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_ZIP_SIZE' });
  expect(source.open).toBe(0);
  await zip.close();
});

test('content above a limit is an error at once, while the body hangs', async () => {
  const { bytes, records } = buildZip([{ name: 'a', content: text, descriptor: 'signed' }]);
  const there = bytes.subarray(0, 200_000);
  const data = records.find(({ what }) => what === 'data 0')?.start ?? 0;
  const inflated = inflateRawSync(there.subarray(data), { finishFlush: constants.Z_SYNC_FLUSH }).length;
  const zip = streamZip(stalling(there), { limits: { maxEntryBytes: inflated - 1_000 } });
  const loop = async (): Promise<void> => {
    for await (const entry of zip) {
      await entry.buffer();
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_ZIP_ENTRY_TOO_LARGE' });
});

test.each([
  ['small', 2_000],
  ['large', 3_000_000],
])('who catches the failure of a %s entry gets it again instead of the next entry', async (_, bytes) => {
  const content = text.subarray(0, bytes);
  const zip = streamZip(
    stalling(
      buildZip([
        { name: 'a', content, local: { crc32: 1 }, central: { crc32: 1 } },
        { name: 'b', content: 'b' },
      ]).bytes,
    ),
  );
  const names: string[] = [];
  const loop = async (): Promise<void> => {
    for await (const entry of zip) {
      names.push(entry.name);
      await expect(entry.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_CRC' });
      await expect(entry.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_CRC' });
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_ZIP_CRC' });
  await expect(zip.verified()).rejects.toMatchObject({ code: 'ERR_ZIP_CRC' });
  expect(names).toEqual(['a']);
});

test('a body that comes byte by byte costs no more than its bytes', async () => {
  const { bytes } = buildZip(
    Array.from({ length: 1_500 }, (_, i) => ({
      name: `${i}`,
      content: text.subarray(i * 100, i * 100 + 150),
      descriptor: 'signed' as const,
    })),
  );
  async function* crumbs(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at++) {
      yield await Promise.resolve(bytes.subarray(at, at + 1));
    }
  }
  const before = process.cpuUsage();
  const zip = streamZip(crumbs());
  let entries = 0;
  for await (const entry of zip) {
    entries += (await entry.buffer()).length === 150 ? 1 : 0;
  }
  await zip.verified();
  expect(entries).toBe(1_500);
  const { user, system } = process.cpuUsage(before);
  // 260,000 crumbs take about a second; copying 64 KiB for each of them took a minute.
  expect((user + system) / 1e6).toBeLessThan(15);
}, 60_000);

test('a file that is truncated while a piece is processed is an error of the next piece, and not an unhandled rejection', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hanging-'));
  try {
    writeFileSync(join(folder, 'a.zip'), buildZip([{ name: 'a', content: text, method: 0 }]).bytes);
    // In a process of its own, which an unheard rejection ends; Jest would hear it.
    const program = `
      import { truncateSync } from 'node:fs';
      import { fileSource, openZip } from ${JSON.stringify(join(__dirname, '../../../src/runtime/archive/index.ts'))};
      async function main() {
        const zip = await openZip(fileSource('a.zip'));
        for await (const piece of zip.entries[0].pieces()) {
          truncateSync('a.zip', 1_000);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      main().catch((error) => console.log(error.code));
    `;
    const bundle = buildSync({
      stdin: { contents: program, resolveDir: __dirname },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
      write: false,
      external: ['@zip.js/zip.js', 'tar-stream', '@aws-sdk/*'],
    });
    writeFileSync(join(folder, 'program.cjs'), bundle.outputFiles[0].contents);
    const env = { ...process.env, NODE_PATH: join(__dirname, '../../../node_modules') };
    expect(execFileSync(process.execPath, ['program.cjs'], { cwd: folder, env, encoding: 'utf8' })).toBe(
      'ERR_ZIP_TRUNCATED\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a name that unfolds to eighteen times its length is kept as a hash, which is still the same for every form of it', () => {
  const unfolds = '\ufdfa'.repeat(330);
  expect(foldName(unfolds).length).toBeLessThan(unfolds.length);
  expect(foldName(`${unfolds}É`)).toBe(foldName(`${unfolds}e\u0301`));
  expect(foldName(`${unfolds}a`)).not.toBe(foldName(`${unfolds}b`));
});
