// Storing results: the cost of a repetition when all results exist, and a gigabyte in parts against
// @aws-sdk/lib-storage.
// `npm run bench -- storage [--json] [--runs 3] [--only again|parts]`. S3 is the stub of the tests, in this process.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { S3Stub } from '../test/support/s3-stub.ts';
import { makeZip } from './archive/zips.ts';
import { median, option, Report } from './support/report.ts';
import type { Cost } from './support/meter.ts';

const runs = Number(option('--runs', '3'));
const only = option('--only', '');
const report = new Report('storage');
const run = promisify(execFile);
const stub = await S3Stub.start();

interface Counted extends Cost {
  readonly requests: number;
  /** Bytes of bodies that the client sent or received. */
  readonly wireBytes: number;
}

async function measure(work: string): Promise<Counted> {
  stub.forget();
  const { stdout } = await run(process.execPath, [
    '--no-warnings',
    join(import.meta.dirname, 'storage/peer.ts'),
    work,
    stub.endpoint,
  ]);
  return { ...(JSON.parse(stdout) as Cost), requests: stub.requests.length, wireBytes: stub.received + stub.sent };
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
  for (const [metric, ours, goal] of [
    ['times fewer bytes, without manifest', firstWithout.wireBytes / without.wireBytes, 5],
    ['times fewer bytes, with manifest', first.wireBytes / withManifest.wireBytes, 5],
    ['times less time, with manifest', first.wallSeconds / withManifest.wallSeconds, 3],
  ] as const) {
    report.add({ case: again, metric, ours, peers: {}, limit: Infinity, goal, ok: ours >= goal });
  }
  report.add({
    case: again,
    metric: 'requests, with manifest',
    ours: withManifest.requests,
    peers: { 'first run': first.requests, 'without manifest': without.requests },
    limit: 2,
    goal: 10,
    ok: withManifest.requests <= 10,
  });
}

if ('parts'.includes(only)) {
  const results = new Map<string, Counted[]>([
    ['fileworks 1 GB', []],
    ['lib-storage 1 GB', []],
  ]);
  for (let i = 0; i < runs; i++) {
    for (const [work, measured] of results) {
      stub.objects.clear();
      measured.push(await measure(work));
    }
  }
  const of = (work: string, value: (measured: Counted) => number) => median((results.get(work) ?? []).map(value));
  for (const [metric, value] of [
    ['seconds', (measured: Counted) => measured.wallSeconds],
    ['CPU seconds', (measured: Counted) => measured.cpuSeconds],
    ['peak RSS above idle, MB', (measured: Counted) => measured.rssMB],
  ] as const) {
    const [ours, theirs] = [of('fileworks 1 GB', value), of('lib-storage 1 GB', value)];
    report.add({
      case: '1 GB in parts of 8 MiB, 4 at a time',
      metric,
      ours,
      peers: { 'lib-storage': theirs },
      limit: 0,
      goal: theirs,
      ok: ours <= theirs * 1.02,
    });
  }
}

await stub.stop();
report.end(`@aws-sdk/lib-storage 3, medians of ${runs}`);
