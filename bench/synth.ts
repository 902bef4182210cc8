// What the constructs add to a stack, in resources and bytes, and what synthesis costs, side by side with those of
// aws-cdk-lib.
// `npm run bench -- synth [--json] [--runs 9]`
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median, option, Report } from './support/report.ts';
import type { Synthesized } from './synth/peer.ts';
import { stacks } from './synth/stacks.ts';

const run = promisify(execFile);
const runs = Number(option('--runs', '9'));
const report = new Report('synth');

/** What a script of synth/ prints on its last line. */
async function ask(script: string, name: string, ...flags: string[]): Promise<unknown> {
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  const { stdout } = await run(
    process.execPath,
    [...flags, '--no-warnings', join(import.meta.dirname, 'synth', script), name],
    { env },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const synthesize = async (name: string) => (await ask('peer.ts', name, '--expose-gc')) as Synthesized;
const runApp = async (name: string) => (await ask('app.ts', name)) as number;

const measured = new Map<string, Synthesized>();
for (const name of Object.keys(stacks)) {
  measured.set(name, await synthesize(name));
}
const of = (name: string, metric: keyof Synthesized) => measured.get(name)?.[metric] ?? Number.NaN;

/** Of a stack and its template, by CloudFormation. */
const limits = { resources: 500, bytes: 1_000_000, cpuMilliseconds: 0 };

function beside(name: string, peer: string, metric: keyof Synthesized, goal = of(peer, metric)): void {
  const ours = of(name, metric);
  report.add({
    case: name,
    metric,
    ours,
    peers: { [peer]: of(peer, metric) },
    limit: limits[metric],
    goal,
    ok: ours <= goal,
  });
}

function adds(option: string, goal: number): void {
  const ours = of(`worker, ${option}`, 'resources') - of('worker', 'resources');
  report.add({
    case: `worker, ${option}`,
    metric: 'more resources',
    ours,
    peers: {},
    limit: limits.resources,
    goal,
    ok: ours <= goal,
  });
}

function compareCpu(what: string, { worker, ...peers }: Record<string, readonly number[]>, goal: number): void {
  for (const [peer, milliseconds] of Object.entries(peers)) {
    const ours = median(worker.map((own, round) => own / milliseconds[round]));
    report.add({
      case: 'worker',
      metric: `CPU of ${what}, times ${median(milliseconds).toFixed(0)} ms`,
      ours,
      peers: { [peer]: 1 },
      limit: 0,
      goal,
      ok: ours <= goal,
    });
  }
}

const service = 'QueueProcessingFargateService';
const alike = `${service}, TLS and alarm`;
const handmade = 'the same by hand';
/**
 * One after the other in each round, so that a noisy neighbour disturbs all of a round alike: ratios are of one round.
 */
const synthesis: Record<string, number[]> = { worker: [], [service]: [], [alike]: [], [handmade]: [] };
const wholeApp: Record<string, number[]> = { worker: [], [service]: [] };
for (let i = 0; i < runs; i++) {
  for (const [name, milliseconds] of Object.entries(synthesis)) {
    milliseconds.push((await synthesize(name)).cpuMilliseconds);
  }
  for (const [name, milliseconds] of Object.entries(wholeApp)) {
    milliseconds.push(await runApp(name));
  }
}
compareCpu('synthesis', synthesis, 1.1);
// It loads our library beside what the peer loads of aws-cdk-lib.
compareCpu('the whole app', wholeApp, 1.1);
// With the alarms on dead letters, age and starts, and the policies of both queues, which the peer does not have.
beside('worker', service, 'resources', 20);
beside('worker', service, 'bytes', 14_500);
beside('worker', alike, 'resources');
beside('worker', handmade, 'resources');
adds('alarmSaturatedFor', 1);
adds('an additional queue', 5);
adds('wake', 11);
const byHand = 'Bucket with eventBridgeEnabled, Rule';
beside('bucket and route', byHand, 'resources', 7);
beside('bucket and route', byHand, 'bytes');
// The peer has no dead-letter queue with its policy and alarm.
beside('job', 'ScheduledFargateTask', 'resources', 12);
report.end('a stack beside one with VPC and cluster');
