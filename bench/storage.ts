// Storing results: what it costs to do it again when all stands, and a gigabyte in parts against @aws-sdk/lib-storage.
// `npm run bench -- storage [--json] [--runs 3] [--only again|parts]`. The other side is the S3 stub of the tests, in this process.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { S3Stub } from '../test/support/s3-stub.ts';
import { makeZip } from './archive/zips.ts';
import type { Measured } from './storage/peer.ts';

const option = (name: string, fallback: string) => process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] ?? fallback : fallback;
const json = process.argv.includes('--json');
const runs = Number(option('--runs', '3'));
const only = option('--only', '');
const run = promisify(execFile);
const stub = await S3Stub.start();

interface Counted extends Measured {
  readonly requests: number;
  /** Bytes of bodies that the client sent or received. */
  readonly wireBytes: number;
}

async function measure(work: string): Promise<Counted> {
  stub.forget();
  const { stdout } = await run(process.execPath, ['--no-warnings', join(import.meta.dirname, 'storage/peer.ts'), work, stub.endpoint]);
  return { ...JSON.parse(stdout) as Measured, requests: stub.requests.length, wireBytes: stub.received + stub.sent };
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

interface Row {
  readonly case: string;
  readonly metric: string;
  readonly ours: number;
  readonly peers: Record<string, number>;
  readonly limit: number;
  readonly goal: number;
  readonly ok: boolean;
}

const rows: Row[] = [];
function report(row: Row): void {
  rows.push(row);
  if (json) console.log(JSON.stringify({ bench: 'storage', ...row }));
}

const zip = readFileSync(await makeZip(join(import.meta.dirname, '../.tools/bench-archives'), 'small10k'));
const clear = () => {
  stub.objects.clear();
  stub.objects.set('in/small10k.zip', { body: zip, etag: '"1"', headers: {} });
};

if ('again'.includes(only)) {
  clear();
  const first = await measure('extract with manifest');
  const withManifest = await measure('extract with manifest');
  clear();
  const firstWithout = await measure('extract');
  const without = await measure('extract');
  const again = '10,000 small results again';
  report({ case: again, metric: 'times fewer bytes, without manifest', ours: round(firstWithout.wireBytes / without.wireBytes), peers: {}, limit: Infinity, goal: 5, ok: without.wireBytes * 5 <= firstWithout.wireBytes });
  report({ case: again, metric: 'times fewer bytes, with manifest', ours: round(first.wireBytes / withManifest.wireBytes), peers: {}, limit: Infinity, goal: 5, ok: withManifest.wireBytes * 5 <= first.wireBytes });
  report({ case: again, metric: 'times less time, with manifest', ours: round(first.wallSeconds / withManifest.wallSeconds), peers: {}, limit: Infinity, goal: 3, ok: withManifest.wallSeconds * 3 <= first.wallSeconds });
  report({ case: again, metric: 'requests, with manifest', ours: withManifest.requests, peers: { 'first run': first.requests, 'without manifest': without.requests }, limit: 2, goal: 10, ok: withManifest.requests <= 10 });
}

if ('parts'.includes(only)) {
  const results = new Map<string, Counted[]>([['fileworks 1 GB', []], ['lib-storage 1 GB', []]]);
  for (let i = 0; i < runs; i++) {
    for (const [work, measured] of results) {
      stub.objects.clear();
      measured.push(await measure(work));
    }
  }
  const of = (work: string, value: (measured: Counted) => number) => median((results.get(work) ?? []).map(value));
  for (const [metric, value] of [
    ['seconds', (measured: Counted) => measured.wallSeconds], ['CPU seconds', (measured: Counted) => measured.cpuSeconds], ['peak RSS above idle, MB', (measured: Counted) => measured.rssMB],
  ] as const) {
    const [ours, theirs] = [of('fileworks 1 GB', value), of('lib-storage 1 GB', value)];
    report({ case: '1 GB in parts of 8 MiB, 4 at a time', metric, ours: round(ours), peers: { 'lib-storage': round(theirs) }, limit: 0, goal: round(theirs), ok: ours <= theirs * 1.02 });
  }
}

await stub.stop();
if (!json) {
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}, @aws-sdk/lib-storage 3, medians of ${runs}`);
  console.table(rows.map(({ case: name, metric, ours, peers, goal, ok }) => ({ case: name, metric, ours, ...peers, goal, ok })));
}
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);
