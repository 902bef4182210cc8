// One reader on one archive in a process of its own: `node peer.ts <reader> <file or url> [passes]`; prints one line of
// JSON with the median of the second half of its passes. The first half warms up V8's compiler, as a worker reads many
// archives. Each process loads only the modules of its reader: every object on the heap costs time at a collection.
import { execFileSync } from 'node:child_process';
import { createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { type ArchiveSource, fileSource, httpSource, openZip, s3Source, streamZip } from 'fileworks-runtime/archive';
import type { Entry } from 'yauzl';
import { type Cost, Meter } from '../support/meter.ts';

export interface Measured extends Cost {
  readonly bytes: number;
  readonly entries: number;
}

const SMALL = 1024 * 1024;
const WANTED = /\/\d*00\.json$/; // 1 % of small10k

let bytes = 0;
let entries = 0;

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const piece of stream) {
    bytes += (piece as Buffer).length;
  }
}

async function ours(file: string, concurrency: number): Promise<void> {
  const zip = await openZip(fileSource(file));
  await zip.forEach(
    async (entry) => {
      entries += 1;
      if (entry.size <= SMALL) {
        bytes += (await entry.buffer()).length;
      } else {
        await drain(entry.pieces());
      }
    },
    { concurrency },
  );
  await zip.close();
}

async function oursLoop(file: string): Promise<void> {
  const zip = await openZip(fileSource(file));
  for await (const entry of zip) {
    entries += 1;
    if (entry.size <= SMALL) {
      bytes += (await entry.buffer()).length;
    } else {
      await drain(entry.pieces());
    }
  }
  await zip.close();
}

async function forward(file: string): Promise<void> {
  const zip = streamZip(createReadStream(file));
  for await (const entry of zip) {
    entries += 1;
    await drain(entry.pieces());
  }
  await zip.verified();
}

async function forwardSmall(file: string): Promise<void> {
  const zip = streamZip(createReadStream(file));
  for await (const entry of zip) {
    entries += 1;
    bytes += (await entry.buffer()).length;
  }
  await zip.verified();
}

/**
 * The floor: zlib and its CRC with the best buffer sizes, over offsets that were found before the measurement; without
 * limits and header checks.
 */
function places(file: string): { method: number; offset: number; compressedSize: number; size: number; crc: number }[] {
  const fd = openSync(file, 'r');
  const tail = Buffer.alloc(2 * 1024 * 1024);
  const { size } = { size: Number(execFileSync('stat', ['-c', '%s', file])) };
  const read = readSync(fd, tail, 0, tail.length, Math.max(0, size - tail.length));
  const end = tail.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'), read);
  const found = [];
  const count = tail.readUInt16LE(end + 10);
  const start = Math.max(0, size - tail.length);
  let at = end - tail.readUInt32LE(end + 12);
  if (tail.readUInt32LE(end + 16) === 0xffffffff) {
    at -= 76;
  }
  const local = Buffer.alloc(30);
  for (let i = 0; i < count; i++) {
    const offset = tail.readUInt32LE(at + 42);
    readSync(fd, local, 0, 30, offset);
    const [nameBytes, extraBytes] = [tail.readUInt16LE(at + 28), tail.readUInt16LE(at + 30)];
    const wide = tail.readUInt32LE(at + 24) === 0xffffffff;
    const extra = at + 46 + nameBytes;
    found.push({
      method: tail.readUInt16LE(at + 10),
      crc: tail.readUInt32LE(at + 16),
      compressedSize: wide ? Number(tail.readBigUInt64LE(extra + 12)) : tail.readUInt32LE(at + 20),
      size: wide ? Number(tail.readBigUInt64LE(extra + 4)) : tail.readUInt32LE(at + 24),
      offset: offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28),
    });
    at = extra + extraBytes;
  }
  return start >= 0 ? found : [];
}

async function floor(file: string): Promise<void> {
  const found = places(file);
  meter = new Meter();
  const whole = found.length > 1_000 ? readFileSync(file) : undefined;
  for (const { method, offset, compressedSize, size, crc } of found) {
    entries += 1;
    if (whole !== undefined) {
      const content = inflateRawSync(whole.subarray(offset, offset + compressedSize), { chunkSize: size + 1 });
      if (crc32(content) !== crc) {
        throw new Error('crc');
      }
      bytes += content.length;
      continue;
    }
    const raw = createReadStream(file, { start: offset, end: offset + compressedSize - 1, highWaterMark: 256 * 1024 });
    let sum = 0;
    const body = method === 0 ? raw : createInflateRaw({ chunkSize: 256 * 1024 });
    const fed = method === 0 ? undefined : pipeline(raw, body as NodeJS.WritableStream);
    for await (const piece of body) {
      sum = crc32(piece as Buffer, sum);
      bytes += (piece as Buffer).length;
    }
    await fed;
    if (sum !== crc) {
      throw new Error('crc');
    }
  }
}

/**
 * zlib alone in one thread, on small entries in memory: the speed of a core, and in two such processes of two cores.
 */
function oneThread(file: string): void {
  const found = places(file);
  const whole = readFileSync(file);
  meter = new Meter();
  for (let pass = 0; pass < 5; pass++) {
    for (const { offset, compressedSize, size } of found) {
      bytes += inflateRawSync(whole.subarray(offset, offset + compressedSize), { chunkSize: size + 1 }).length;
    }
  }
}

/** yauzl does not check CRCs: this does, so that both do the same work. */
async function byYauzl(file: string): Promise<void> {
  const yauzl = await import('yauzl');
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) {
        reject(error);
        return;
      }
      zip
        .on('error', reject)
        .on('end', resolve)
        .on('entry', (entry: Entry) => {
          entries += 1;
          zip.openReadStream(entry, (failed, stream) => {
            if (failed) {
              reject(failed);
              return;
            }
            let sum = 0;
            stream
              .on('data', (piece: Buffer) => {
                sum = crc32(piece, sum);
                bytes += piece.length;
              })
              .on('error', reject)
              .on('end', () => {
                if (sum === entry.crc32) {
                  zip.readEntry();
                } else {
                  reject(new Error('crc'));
                }
              });
          });
        });
      zip.readEntry();
    });
  });
}

async function selective(source: ArchiveSource): Promise<void> {
  const zip = await openZip(source);
  await zip.forEach(
    async (entry) => {
      entries += 1;
      bytes += (await entry.buffer()).length;
    },
    { select: ({ name }) => WANTED.test(name), concurrency: 8 },
  );
  await zip.close();
}

/** The object at `<endpoint>/<bucket>/<key>`. */
async function objectAt(url: string): Promise<ArchiveSource> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { origin, pathname } = new URL(url);
  const [, bucket = '', key = ''] = pathname.split('/');
  const client = new S3Client({
    endpoint: origin,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  return s3Source({ client, bucket, key });
}

/** CPU seconds of the children of a shell, from its `times`. */
function byProgram(command: string): { cpuSeconds: number } {
  const out = execFileSync('bash', ['-c', `${command} > /dev/null; times`, command], { encoding: 'utf8' });
  const [user = '', system = ''] = (out.trim().split('\n').at(-1) ?? '').split(' ');
  const seconds = (text: string) => {
    const [minutes = '0', rest = '0'] = text.replace('s', '').split('m');
    return Number(minutes) * 60 + Number(rest);
  };
  return { cpuSeconds: seconds(user) + seconds(system) };
}

const PYTHON =
  'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nfor i in z.infolist():\n  with z.open(i) as f:\n    while f.read(262144): pass';

let meter = new Meter();

const [reader = '', file = '', passes = '1'] = process.argv.slice(2);
const readers: Record<string, () => unknown> = {
  fileworks: () => oursLoop(file),
  'fileworks p=2': () => ours(file, 2),
  'fileworks p=1': () => ours(file, 1),
  'fileworks forward': () => forward(file),
  'fileworks forward small': () => forwardSmall(file),
  'selective http': () => selective(httpSource(file)),
  'selective s3': async () => selective(await objectAt(file)),
  floor: () => floor(file),
  'one thread': () => oneThread(file),
  'yauzl +crc': () => byYauzl(file),
  'unzip -p': () => byProgram(`unzip -p ${file}`),
  'python zipfile': () => byProgram(`python3 -c '${PYTHON}' ${file}`),
};
const run = readers[reader] as (() => unknown) | undefined;
if (run === undefined) {
  throw new Error(`which reader? one of ${Object.keys(readers).join(', ')}`);
}
const costs: Cost[] = [];
for (let pass = 0; pass < Number(passes); pass++) {
  bytes = 0;
  entries = 0;
  meter = new Meter();
  const program = (await run()) as { cpuSeconds: number } | undefined;
  costs.push({ ...meter.read(), ...program });
}
const warm = costs.slice(Math.floor(costs.length / 2)).sort((one, other) => one.cpuSeconds - other.cpuSeconds);
const [{ rssMB }] = costs; // of the first pass: one archive, one process
const measured: Measured = { bytes, entries, ...warm[Math.floor(warm.length / 2)], rssMB };
console.log(JSON.stringify(measured));
