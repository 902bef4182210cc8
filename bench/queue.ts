// Queue consumers side by side: how full they keep their slots, what a message costs in calls and in processor time.
// `npm run bench -- queue [--json] [--only <part of a case's name>]`
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Case, cases, type Goal, type Measured, type Peer, type Run } from './queue/runs.ts';

const json = process.argv.includes('--json');
const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '';
const folder = join(import.meta.dirname, 'queue');
const run = promisify(execFile);

const stub = spawn(process.execPath, ['--no-warnings', join(folder, 'stub-process.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: stub.stdout })[Symbol.asyncIterator]();
const endpoint = String((await lines.next()).value);
const command = (fields: object) => stub.stdin.write(`${JSON.stringify(fields)}\n`);

async function measure(one: Case, peer: Peer): Promise<Measured> {
  const queue = `${one.name}-${peer}`.replaceAll(/\W+/g, '-');
  const { dilation, handler } = one;
  const order: Run = {
    peer,
    endpoint,
    queueUrl: `${endpoint}/000000000000/${queue}`,
    concurrency: one.concurrency,
    handler: { ...handler, fastMs: handler.fastMs * dilation, slowMs: handler.slowMs * dilation },
    warmUpMs: one.warmUpMs,
    measureMs: one.measureMs,
    ...(one.messages === undefined ? {} : { messages: one.messages }),
  };
  command({ queue, ...(one.rate === undefined ? { supply: 1_000 } : { rate: one.rate }) });
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    '--no-warnings',
    join(folder, 'peer.ts'),
    JSON.stringify(order),
  ]);
  command({ queue, supply: 0 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Measured;
}

async function measureAll(one: Case): Promise<Map<Peer, Measured>> {
  const results = new Map<Peer, Measured>();
  command({ latencyMs: one.latencyMs * one.dilation });
  if (one.together) {
    await Promise.all(one.peers.map(async (peer) => results.set(peer, await measure(one, peer))));
  } else {
    for (const peer of one.peers) {
      results.set(peer, await measure(one, peer));
    }
  }
  return results;
}

function rowOf(one: Case, goal: Goal, results: Map<Peer, Measured>) {
  const round = (value: number) => Math.round(value * 1_000) / 1_000;
  const values = new Map([...results].map(([peer, measured]) => [peer, round(measured[goal.metric])]));
  const ours = values.get('fileworks') ?? Number.NaN;
  values.delete('fileworks');
  return {
    bench: 'queue',
    case: one.name,
    metric: goal.metric,
    ours,
    peers: Object.fromEntries(values),
    limit: goal.limit,
    goal: goal.value,
    ok: goal.better === 'higher' ? ours >= goal.value : ours <= goal.value,
  };
}

let failed = false;
const rows: ReturnType<typeof rowOf>[] = [];
for (const one of cases.filter(({ name }) => name.includes(only))) {
  const results = await measureAll(one);
  for (const goal of one.goals) {
    const row = rowOf(one, goal, results);
    failed ||= !row.ok;
    rows.push(row);
    if (json) {
      console.log(JSON.stringify(row));
    }
  }
}
stub.stdin.end();
if (!json) {
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}, sqs-consumer 15, squiss-ts 5.6`);
  console.table(
    rows.map(({ case: name, metric, ours, peers, goal, ok }) => ({ case: name, metric, ours, ...peers, goal, ok })),
  );
}
process.exit(failed ? 1 : 0);
