// Readers of ZIPs side by side: content per second of processor time, against zlib itself; memory; bytes and requests
// of selective reading.
// `npm run bench -- archive [--json] [--only <part of a case's name>] [--runs 3]`
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Measured } from './archive/peer.ts';
import { makeZip, type Zip } from './archive/zips.ts';
import { FileServer } from './support/file-server.ts';
import { median, option, Report } from './support/report.ts';

const only = option('--only', '');
const runs = Number(option('--runs', '3'));
const report = new Report('archive');
const run = promisify(execFile);
const folder = join(import.meta.dirname, '../.tools/bench-archives');

async function measure(reader: string, file: string): Promise<Measured> {
  // Large archives take long enough without repetition.
  const once = file.startsWith('http') || ['unzip -p', 'python zipfile', 'one thread'].includes(reader);
  const passes = file.includes('small10k') && !once ? '16' : '1';
  const { stdout } = await run(process.execPath, [
    '--no-warnings',
    join(import.meta.dirname, 'archive/peer.ts'),
    reader,
    file,
    passes,
  ]);
  return JSON.parse(stdout) as Measured;
}

/** Runs every reader in turn, `runs` times, so that other load on the machine affects all of them equally. */
async function sideBySide(readers: readonly string[], file: string): Promise<Map<string, Measured[]>> {
  const results = new Map<string, Measured[]>(readers.map((reader) => [reader, []]));
  // Into the page cache, so that the first reader does not pay for the disk.
  await pipeline(createReadStream(file), createWriteStream('/dev/null'));
  for (let i = 0; i < runs; i++) {
    for (const reader of readers) {
      results.get(reader)?.push(await measure(reader, file));
    }
  }
  return results;
}

interface SpeedCase {
  readonly zip: Zip;
  readonly ours: string;
  readonly peers: readonly string[];
  /** Shares of the floor's speed: goal and minimum. */
  readonly goal: number;
  readonly least: number;
}

const speedCases: SpeedCase[] = [
  { zip: 'small10k', ours: 'fileworks', peers: ['yauzl +crc', 'unzip -p', 'python zipfile'], goal: 0.8, least: 0.7 },
  { zip: 'text20x50', ours: 'fileworks', peers: ['yauzl +crc', 'unzip -p', 'python zipfile'], goal: 0.9, least: 0.85 },
  { zip: 'mixed4x250', ours: 'fileworks', peers: ['yauzl +crc', 'unzip -p', 'python zipfile'], goal: 0.9, least: 0.85 },
  {
    zip: 'stored4x250',
    ours: 'fileworks',
    peers: ['yauzl +crc', 'unzip -p', 'python zipfile'],
    goal: 0.9,
    least: 0.85,
  },
  { zip: 'zip64-5g', ours: 'fileworks', peers: [], goal: 0.9, least: 0.85 },
];

for (const { zip, ours, peers, goal, least } of speedCases.filter((one) => one.zip.includes(only))) {
  const results = await sideBySide([ours, 'floor', ...peers], await makeZip(folder, zip));
  const cpu = (reader: string) => median((results.get(reader) ?? []).map(({ cpuSeconds }) => cpuSeconds));
  const wall = (reader: string) => median((results.get(reader) ?? []).map(({ wallSeconds }) => wallSeconds));
  const floor = cpu('floor');
  const part = (reader: string) => floor / cpu(reader);
  const others = Object.fromEntries(peers.map((peer) => [peer, part(peer)]));
  report.add({
    case: zip,
    metric: 'speed per CPU second, of the floor',
    ours: part(ours),
    peers: others,
    limit: 1,
    goal,
    ok: part(ours) >= least,
  });
  const megabytes = median((results.get(ours) ?? []).map(({ bytes }) => bytes)) / 1e6;
  report.add({
    case: zip,
    metric: 'MB per CPU second',
    ours: megabytes / cpu(ours),
    peers: { floor: megabytes / floor, ...Object.fromEntries(peers.map((peer) => [peer, megabytes / cpu(peer)])) },
    limit: megabytes / floor,
    goal: (megabytes / floor) * goal,
    ok: part(ours) >= least,
  });
  if (peers.length > 0) {
    report.add({
      case: zip,
      metric: 'seconds',
      ours: wall(ours),
      peers: { floor: wall('floor'), ...Object.fromEntries(peers.map((peer) => [peer, wall(peer)])) },
      limit: wall('floor'),
      goal: Math.min(...peers.map(wall)),
      ok: peers.every((peer) => wall(ours) <= wall(peer)),
    });
  }
  const rss = Math.max(...(results.get(ours) ?? []).map(({ rssMB }) => rssMB));
  const yauzl = (results.get('yauzl +crc') ?? []).map(({ rssMB }) => rssMB);
  report.add({
    case: zip,
    metric: 'peak RSS above idle, MB',
    ours: rss,
    peers: yauzl.length === 0 ? {} : { 'yauzl +crc': Math.max(...yauzl) },
    limit: 150,
    goal: 150,
    ok: rss <= 150,
  });
}

for (const [zip, forward] of [
  ['small10k-dd', 'fileworks forward small'],
  ['text20x50-dd', 'fileworks forward'],
] as const) {
  if (!zip.includes(only)) {
    continue;
  }
  const results = await sideBySide(['fileworks', forward], await makeZip(folder, zip));
  for (const [metric, cost] of [
    ['per CPU second', 'cpuSeconds'],
    ['per second', 'wallSeconds'],
  ] as const) {
    const of = (reader: string) => median((results.get(reader) ?? []).map((measured) => measured[cost]));
    const part = of('fileworks') / of(forward);
    report.add({
      case: zip,
      metric: `forward-only ${metric}, of random access`,
      ours: part,
      peers: {},
      limit: 1,
      goal: 0.8,
      ok: part >= 0.8,
    });
  }
  const rss = Math.max(...(results.get(forward) ?? []).map(({ rssMB }) => rssMB));
  report.add({
    case: zip,
    metric: 'forward-only peak RSS above idle, MB',
    ours: rss,
    peers: {},
    limit: 150,
    goal: 150,
    ok: rss <= 150,
  });
}

if ('two cores'.includes(only)) {
  // Two independent processes of one thread each measure what this machine can do: virtual cores are often the two
  // threads of one core, and may be shared.
  const [file, small] = [await makeZip(folder, 'text20x50'), await makeZip(folder, 'small10k')];
  const one: Measured[] = [];
  const two: Measured[] = [];
  const alone: Measured[] = [];
  const pairs: Measured[][] = [];
  for (let i = 0; i < 2 * runs; i++) {
    one.push(await measure('fileworks p=1', file));
    two.push(await measure('fileworks p=2', file));
    alone.push(await measure('one thread', small));
    pairs.push(await Promise.all([measure('one thread', small), measure('one thread', small)]));
  }
  const wall = (measured: readonly Measured[]) => Math.max(...measured.map(({ wallSeconds }) => wallSeconds));
  const gain = Math.min(...one.map((run) => wall([run]))) / Math.min(...two.map((run) => wall([run])));
  const machine = (2 * Math.min(...alone.map((run) => wall([run])))) / Math.min(...pairs.map(wall));
  report.add({
    case: 'two cores, text20x50',
    metric: 'times as fast as one',
    ours: gain,
    peers: { 'two processes': machine },
    limit: machine,
    goal: 1.4,
    ok: gain >= Math.min(1.4, 0.9 * machine),
  });
}

if ('selective'.includes(only)) {
  const file = await makeZip(folder, 'small10k');
  const { size } = statSync(file);
  // The bytes that must be read: the directory with its end record, and the wanted entries with their headers.
  const directory =
    10_000 * 46 +
    Array.from({ length: 10_000 }, (_, i) => `orders/${i % 100}/${i}.json`.length).reduce(
      (sum, length) => sum + length,
    ) +
    22;
  const average = (size - directory) / 10_000;
  for (const latencyMs of [0, 20]) {
    for (const reader of ['selective http', 'selective s3']) {
      const seen = await FileServer.start(file, latencyMs);
      const measured = await measure(reader, `${seen.url}bucket/small10k.zip`);
      seen.stop();
      const needed = directory + measured.entries * average;
      const name = `${reader}, +${latencyMs} ms`;
      report.add({
        case: name,
        metric: 'requests',
        ours: seen.requests,
        peers: { prototype: 102 },
        limit: measured.entries + 2,
        goal: 102,
        ok: seen.requests <= 102,
      });
      report.add({
        case: name,
        metric: 'bytes, of what is needed',
        ours: seen.bytes / needed,
        peers: {},
        limit: 1,
        goal: 1.1,
        ok: seen.bytes <= 1.1 * needed,
      });
    }
  }
}

report.end(`yauzl 3.4, ${runs} runs each, medians; peak RSS is the largest`);
