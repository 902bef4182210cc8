// Work of half an hour in a few minutes: workers are stopped and killed at random while the queue service fails at
// random. Every message must be processed, and every effect stored once.
// `npm run bench -- soak [--seconds 120] [--json]`
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fault, StubSqs } from '../test/runtime/support/stub-sqs.ts';

const argument = (name: string, fallback: number) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback;
const seconds = argument('--seconds', 120);
const WORKERS = 3;
const PER_SECOND = 60;
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const stub = new StubSqs();
stub.latencyMs = 5;
stub.recordCalls = false;
await stub.listen();
const queue = stub.queue('soak');

const faults: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'reset', afterEffect: true },
  { kind: 'status', status: 500, code: 'InternalFailure' },
  { kind: 'status', status: 400, code: 'RequestThrottled' },
  { kind: 'entries', ids: ['0', '3'], code: 'InternalError' },
];
stub.fault = () => (Math.random() < 0.02 ? faults[Math.floor(Math.random() * faults.length)] : undefined);

const workers = new Set<ChildProcess>();
const ends: Record<string, number> = {};
let repeated = 0;
let ending = false;

function startWorker(): void {
  const worker = fork(join(import.meta.dirname, 'soak', 'worker.ts'), [stub.endpoint, stub.urlOf('soak'), folder], {
    execArgv: ['--no-warnings'],
  });
  workers.add(worker);
  worker.on('message', () => (repeated += 1));
  worker.on('exit', (code, signal) => {
    const how = signal ?? `exit ${String(code)}`;
    ends[how] = (ends[how] ?? 0) + 1;
    workers.delete(worker);
    if (!ending) {
      startWorker();
    }
  });
}

for (let n = 0; n < WORKERS; n += 1) {
  startWorker();
}
let sent = 0;
const send = setInterval(() => {
  for (let n = 0; n < PER_SECOND / 10; n += 1) {
    // One job in a hundred outlives a visibility timeout, so that heartbeats matter.
    queue.send(
      JSON.stringify({
        fileworksJob: 1,
        type: 'soak',
        payload: { name: `job-${sent}`, ms: sent % 100 === 0 ? 4_000 : 20 + Math.random() * 200 },
      }),
    );
    sent += 1;
  }
}, 100);
const kills = setInterval(() => {
  const [worker] = [...workers].sort(() => Math.random() - 0.5);
  worker.kill(Math.random() < 0.5 ? 'SIGTERM' : 'SIGKILL');
}, 3_000);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
await pause(seconds * 1_000);
clearInterval(send);
clearInterval(kills);
const giveUpAt = Date.now() + 60_000;
while ((queue.visible > 0 || queue.inFlight > 0) && Date.now() < giveUpAt) {
  await pause(100);
}
ending = true;
await Promise.all(
  [...workers].map(
    (worker) =>
      new Promise((resolve) => {
        worker.on('exit', resolve);
        worker.kill('SIGTERM');
      }),
  ),
);
await stub.close();

const stored = readdirSync(folder).length;
rmSync(folder, { recursive: true });
const left = queue.visible + queue.inFlight;
const deliveries = [...queue.deliveries.values()].reduce((sum, count) => sum + count, 0);
const ok = stored === sent && left === 0;
if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify({
      bench: 'soak',
      case: `${seconds} s, ${WORKERS} workers`,
      metric: 'lost',
      ours: sent - stored,
      peers: {},
      limit: 0,
      goal: 0,
      ok,
    }),
  );
} else {
  console.log(
    `sent ${sent}, stored ${stored}, left on the queue ${left}, deliveries ${deliveries}, work repeated and stored once ${repeated}`,
  );
  console.log(
    `workers ended: ${Object.entries(ends)
      .map(([how, count]) => `${how} ${count} times`)
      .join(', ')}`,
  );
  console.log(ok ? 'nothing lost' : 'MESSAGES LOST');
}
process.exit(ok ? 0 : 1);
