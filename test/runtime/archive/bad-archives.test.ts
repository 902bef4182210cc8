import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openZip, streamZip, type ArchiveLimits } from '../../../src/runtime/archive/index.js';
import { badArchives, fileNameOf } from '../../support/bad-archives.js';

const FOLDER = join(__dirname, '../../fixtures/archives/bad');
const DOCUMENT = join(__dirname, '../../../docs/runtime/archive-guards.md');
const archives = badArchives().map((archive) => [fileNameOf(archive), archive] as const);

// The files are for other readers, and for readers of this repository; the tests use the same bytes. UPDATE_FIXTURES=1
// writes them anew.
test('the fixtures are what the generator makes', () => {
  if (process.env.UPDATE_FIXTURES === '1') {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const [name, { bytes }] of archives) {
      writeFileSync(join(FOLDER, name), bytes);
    }
  }
  expect(existsSync(FOLDER) && readdirSync(FOLDER).sort()).toEqual(archives.map(([name]) => name).sort());
  for (const [name, { bytes }] of archives) {
    expect([name, readFileSync(join(FOLDER, name)).equals(bytes)]).toEqual([name, true]);
  }
});

/** The list of guards that the documentation has. */
function guards(): string {
  const short = (code: string): string => (code === 'reads' ? 'reads it' : `\`${code.replace('ERR_ZIP_', '')}\``);
  const rows = archives.map(([name, { code, limits, opened, streamed }]) => {
    const needs = Object.entries(limits ?? {})
      .map(([limit, value]) => `\`${limit}: ${value}\``)
      .join(', ');
    return `| \`${name}\` | ${short(opened ?? code)} | ${short(streamed ?? code)} | ${needs} |`;
  });
  return [
    '# Guards of the ZIP readers, with fixtures',
    '',
    '`test/support/bad-archives.ts` generates the archives in `test/fixtures/archives/bad`. `test/runtime/archive/bad-archives.test.ts` reads each archive with both readers',
    'and writes this list (`UPDATE_FIXTURES=1`). Codes are listed without the prefix `ERR_ZIP_`; [Archives](archives.md) describes them.',
    '',
    '| Fixture | `openZip` | `streamZip` | With limits |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

test('the documentation lists them', () => {
  if (process.env.UPDATE_FIXTURES === '1') {
    writeFileSync(DOCUMENT, guards());
  }
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(guards());
});

/** Reads everything; the code of the first error, of the archive or of an entry. */
async function readAll(bytes: Buffer, limits: ArchiveLimits | undefined): Promise<string> {
  try {
    const zip = await openZip(bytes, limits && { limits });
    for await (const entry of zip.read({ select: () => true })) {
      const whole = await entry.buffer();
      const pieces: Buffer[] = [];
      for await (const piece of entry.stream()) {
        pieces.push(piece as Buffer);
      }
      expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    }
    return 'reads';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function streamAll(bytes: Buffer, pieceBytes: number, limits: ArchiveLimits | undefined): Promise<string> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
    }
  }
  try {
    const zip = streamZip(pieces(), limits && { limits });
    for await (const entry of zip) {
      await entry.buffer();
    }
    await zip.verified();
    return 'reads';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test.each(archives)('openZip refuses %s', async (_, { code, bytes, limits, opened }) => {
  expect(await readAll(bytes, limits)).toBe(opened ?? code);
});

test.each(archives)('streamZip refuses %s, however it is cut', async (_, { code, bytes, limits, streamed }) => {
  for (const pieceBytes of [bytes.length, 1_000, 7]) {
    expect(await streamAll(bytes, Math.max(1, pieceBytes), limits)).toBe(streamed ?? code);
  }
});

test('there is an archive for every code that an archive can cause', () => {
  const source = readFileSync(join(__dirname, '../../../src/runtime/archive/zip-error.ts'), 'utf8');
  const codes = [...source.slice(0, source.indexOf('export class')).matchAll(/'([A-Z0-9_]+)'/g)].map(
    ([, code]) => `ERR_ZIP_${code}`,
  );
  const caused = new Set<string>(archives.map(([, { code }]) => code));
  // Those are not caused by an archive but by its source, its caller or its password; other tests show them.
  const others = [
    'ERR_ZIP_NESTING',
    'ERR_ZIP_PASSWORD',
    'ERR_ZIP_NOT_VERIFIED',
    'ERR_ZIP_SOURCE',
    'ERR_ZIP_SOURCE_CHANGED',
    'ERR_ZIP_RANGES_UNSUPPORTED',
  ];
  expect(codes.filter((code) => !caused.has(code)).sort()).toEqual(others.sort());
});
