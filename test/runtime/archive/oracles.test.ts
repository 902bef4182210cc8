import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BlobReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import * as yauzl from 'yauzl';
import { openZip } from '../../../src/runtime/archive/index.js';
import { badArchives, fileNameOf } from '../../support/bad-archives.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

const text = Buffer.from(Array.from({ length: 5_000 }, (_, i) => `${i},${(i * 7919) % 10_007}\n`).join(''));
const specs: EntrySpec[] = [
  { name: 'a.txt', content: text },
  { name: 'b/c.bin', content: text, method: 0 },
  { name: 'größe.txt', content: 'utf-8' },
  { name: Buffer.from([0x81, 0x2e, 0x74, 0x78, 0x74]), content: 'cp437' },
  { name: 'signed', content: text, descriptor: 'signed' },
  { name: 'zip64', content: text, zip64: true },
  { name: 'empty', content: '' },
];
const good: [string, Buffer][] = [
  ['plain', buildZip(specs).bytes],
  ['with ZIP64 end', buildZip(specs, { zip64: true }).bytes],
  ['with comment', buildZip(specs, { comment: Buffer.from('comment') }).bytes],
];

type Contents = Record<string, string>;

async function ours(bytes: Buffer): Promise<Contents> {
  const zip = await openZip(bytes);
  return Object.fromEntries(
    await Promise.all(
      zip.entries.map(async (entry) => [entry.name, (await entry.buffer()).toString('base64')] as const),
    ),
  );
}

function byYauzl(bytes: Buffer): Promise<Contents> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(bytes, { lazyEntries: true, strictFileNames: true }, (error, zip) => {
      if (error) {
        reject(error);
        return;
      }
      const contents: Contents = {};
      zip
        .on('error', reject)
        .on('end', () => resolve(contents))
        .on('entry', (entry: yauzl.Entry) => {
          zip.openReadStream(entry, (failed, stream) => {
            if (failed) {
              reject(failed);
              return;
            }
            buffer(stream).then((content) => {
              contents[entry.fileName] = content.toString('base64');
              zip.readEntry();
            }, reject);
          });
        });
      zip.readEntry();
    });
  });
}

async function byZipJs(bytes: Buffer): Promise<Contents> {
  const reader = new ZipReader(new BlobReader(new Blob([new Uint8Array(bytes)])), {
    checkSignature: true,
    checkOverlappingEntry: true,
  });
  const contents: Contents = {};
  for (const entry of await reader.getEntries()) {
    if (!entry.directory) {
      contents[entry.filename] = Buffer.from(await entry.getData(new Uint8ArrayWriter())).toString('base64');
    }
  }
  await reader.close();
  return contents;
}

const PYTHON = `
import base64, json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps({i.filename: base64.b64encode(z.read(i)).decode() for i in z.infolist()}))
`;
const python = spawnSync('python3', ['-c', 'import zipfile']).status === 0;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'oracles-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function byPython(bytes: Buffer): Contents {
  const file = join(folder, 'a.zip');
  writeFileSync(file, bytes);
  return JSON.parse(
    execFileSync('python3', ['-c', PYTHON, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  ) as Contents;
}

test.each(good)('reads a %s archive as yauzl, zip.js and Python do', async (_, bytes) => {
  const contents = await ours(bytes);
  expect(await byYauzl(bytes)).toEqual(contents);
  expect(await byZipJs(bytes)).toEqual(contents);
  if (python) {
    expect(byPython(bytes)).toEqual(contents);
  }
});

test('nothing that we read is read as something else by another reader', async () => {
  // Of everything bent on purpose, too: where we and another both accept, we say the same.
  for (const archive of badArchives()) {
    const contents = await ours(archive.bytes).catch(() => undefined);
    if (contents === undefined) {
      continue;
    }
    for (const read of [
      byYauzl,
      byZipJs,
      ...(python ? [(bytes: Buffer) => Promise.resolve().then(() => byPython(bytes))] : []),
    ]) {
      const others = await read(archive.bytes).catch(() => undefined);
      if (others !== undefined) {
        expect([fileNameOf(archive), others]).toEqual([fileNameOf(archive), contents]);
      }
    }
  }
});
