// The worker of export jobs on the local cloud: files per second, memory, and what it requests for a file.
// `npm run bench -- export [--json] [--only speed|memory] [--runs 3]`
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeZip, type Zip } from './archive/zips.ts';
import { ExportBench, type Measured } from './export/measure.ts';
import { PARALLEL } from './export/run.ts';
import { median, option, Report } from './support/report.ts';

const MAX_RSS_MB = 200;
const only = option('--only', '');
const runs = Number(option('--runs', '3'));
const report = new Report('export');
const tools = join(import.meta.dirname, '../.tools');
const archive = (zip: Zip) => makeZip(join(tools, 'bench-archives'), zip);
const bench = await ExportBench.start(join(tools, 'bench-export'));

async function speed(wanted: number, files: number): Promise<void> {
  const file = await archive('export-16m');
  const measured: Measured[] = [];
  for (let i = 0; i < runs; i++) {
    measured.push(await bench.measure(file, wanted, files));
  }
  const of = (value: (one: Measured) => number) => median(measured.map(value));
  const name = `${files} archives of 16 MB, ${wanted} of 100 entries`;
  report.add({
    case: name,
    metric: 'files per second',
    ours: of(({ wallSeconds }) => files / wallSeconds),
    peers: {},
    limit: Infinity,
    goal: 0,
    ok: true,
  });
  for (const [metric, goal, value] of [
    ['peak RSS above idle, MB', MAX_RSS_MB, ({ rssMB }) => rssMB],
    ['MB downloaded per file', (1.02 * statSync(file).size) / 1e6, ({ bytes }) => bytes / files / 1e6],
    ['CPU seconds per file', Infinity, ({ cpuSeconds }) => cpuSeconds / files],
    // One for each entry, and a dozen for receipt, lease, metadata, progress and the manifest.
    ['AWS API calls per file', wanted + 12, ({ calls }) => calls / files],
  ] as [string, number, (one: Measured) => number][]) {
    const ours = of(value);
    report.add({ case: name, metric, ours, peers: {}, limit: 0, goal, ok: ours <= goal });
  }
}

async function memory(zip: Zip, wanted: number, files: number): Promise<void> {
  const { rssMB } = await bench.measure(await archive(zip), wanted, files);
  report.add({
    case: `${files} archives of ${zip.slice(7)}, ${wanted} of 100 entries`,
    metric: 'peak RSS above idle, MB',
    ours: rssMB,
    peers: {},
    limit: 0,
    goal: MAX_RSS_MB,
    ok: rssMB <= MAX_RSS_MB,
  });
}

try {
  if ('speed'.includes(only)) {
    await speed(1, 80);
    await speed(100, 12);
  }
  if ('memory'.includes(only)) {
    for (const zip of ['export-1m', 'export-64m', 'export-1g', 'export-4g'] as const) {
      await memory(zip, 1, PARALLEL);
    }
    for (const zip of ['export-1m', 'export-64m', 'export-1g'] as const) {
      await memory(zip, 100, 1);
    }
  }
} finally {
  await bench.stop();
}
report.end(`${PARALLEL} slots; medians of ${runs}; no latency`);
