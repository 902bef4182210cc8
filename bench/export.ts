// Export jobs on the local cloud: our worker beside the same written in the usual way, one process with threads that
// hold each archive in memory.
// `npm run bench -- export [--json] [--only speed|memory] [--runs 3]`
import { makeZip, type Zip } from './archive/zips.ts';
import { ExportBench, type Measured } from './export/measure.ts';
import { PARALLEL, type Worker } from './export/run.ts';
import { join } from 'node:path';
import { median, option, Report } from './support/report.ts';

const only = option('--only', '');
const runs = Number(option('--runs', '3'));
const report = new Report('export');
const tools = join(import.meta.dirname, '../.tools');
const archive = (zip: Zip) => makeZip(join(tools, 'bench-archives'), zip);
const bench = await ExportBench.start(join(tools, 'bench-export'));

/** @param goal times as fast as the peer */
async function speed(wanted: number, files: number, goal: number): Promise<void> {
  const file = await archive('export-16m');
  const measured: Record<Worker, Measured[]> = { fileworks: [], 'option 1': [] };
  for (let i = 0; i < runs; i++) {
    for (const worker of ['fileworks', 'option 1'] as const) {
      measured[worker].push(await bench.measure(worker, file, wanted, files));
    }
  }
  const of = (worker: Worker, value: (one: Measured) => number) => median(measured[worker].map(value));
  const name = `${files} archives of 16 MB, ${wanted} of 100 entries`;
  const rate = (worker: Worker) => of(worker, ({ wallSeconds }) => files / wallSeconds);
  const [ours, theirs] = [rate('fileworks'), rate('option 1')];
  report.add({
    case: name,
    metric: 'files per second',
    ours,
    peers: { 'option 1': theirs },
    limit: Infinity,
    goal: goal * theirs,
    ok: ours >= goal * theirs,
  });
  for (const [metric, goal, value] of [
    ['peak RSS above idle, MB', 200, ({ rssMB }) => rssMB],
    [
      'MB downloaded per file',
      1.02 * of('option 1', ({ bytes }) => bytes / files / 1e6),
      ({ bytes }) => bytes / files / 1e6,
    ],
    [
      'CPU seconds per file',
      of('option 1', ({ cpuSeconds }) => cpuSeconds / files),
      ({ cpuSeconds }) => cpuSeconds / files,
    ],
    // One for each entry, and a dozen for receipt, lease, metadata, progress and the manifest.
    ['AWS API calls per file', wanted + 12, ({ calls }) => calls / files],
  ] as [string, number, (one: Measured) => number][]) {
    const ours = of('fileworks', value);
    report.add({
      case: name,
      metric,
      ours,
      peers: { 'option 1': of('option 1', value) },
      limit: 0,
      goal,
      ok: ours <= goal,
    });
  }
}

async function memory(zip: Zip, wanted: number, files: number): Promise<void> {
  const file = await archive(zip);
  const { rssMB } = await bench.measure('fileworks', file, wanted, files);
  // What the peer holds must fit into this machine; ours must not care.
  const peers: Record<string, number> =
    zip === 'export-1m' || zip === 'export-64m'
      ? { 'option 1': (await bench.measure('option 1', file, wanted, files)).rssMB }
      : {};
  report.add({
    case: `${files} archives of ${zip.slice(7)}, ${wanted} of 100 entries`,
    metric: 'peak RSS above idle, MB',
    ours: rssMB,
    peers,
    limit: 0,
    goal: 200,
    ok: rssMB <= 200,
  });
}

try {
  if ('speed'.includes(only)) {
    await speed(1, 80, 2);
    await speed(100, 12, 1);
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
report.end(
  `sqs-consumer, unzipper and @aws-sdk/lib-storage in ${PARALLEL} threads against ${PARALLEL} slots; medians of ${runs}; no latency`,
);
