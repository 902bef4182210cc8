// Runs steps that depend on one another: side by side, and those with unchanged inputs not at all.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { once, type Program, remedyFor, root } from './steps.ts';

export interface Step {
  /** Shell commands, one after the other. */
  readonly run: readonly string[];
  /** Steps that must succeed first. Each of them is declared before this one: the order is also the priority. */
  readonly after?: readonly string[];
  /** Files and folders; while these and those of the steps before are unchanged, a step with outputs is skipped. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** A folder that is emptied first. */
  readonly fresh?: string;
  /** A program that must be on the machine. */
  readonly needs?: Program;
  /** Whether the output is printed as it comes. Default: only that of a failed step. */
  readonly live?: boolean;
}
export type Steps = Readonly<Record<string, Step>>;

type Outcome = 'done' | 'unchanged' | 'failed' | 'not run';
interface Result {
  readonly outcome: Outcome;
  readonly started: number;
  readonly ended: number;
}

/** One more than processors, because some steps wait: for downloads, and for the clock of the local cloud. */
const SLOTS = availableParallelism() + 1;
const PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(1)} s`;

/** Runs these steps and all that they depend on; resolves to whether every one succeeded. */
export async function runSteps(steps: Steps, wanted: readonly string[]): Promise<boolean> {
  const needed = closure(steps, wanted);
  const waiting = new Set(Object.keys(steps).filter((name) => needed.has(name)));
  const running = new Map<string, Promise<void>>();
  const results = new Map<string, Result>();
  const start = async (name: string, started = Date.now()) => {
    const outcome = await runStep(steps, name);
    results.set(name, { outcome, started, ended: Date.now() });
    running.delete(name);
  };
  while (waiting.size > 0 || running.size > 0) {
    for (const name of waiting) {
      const before = (steps[name].after ?? []).map((other) => results.get(other)?.outcome);
      if (before.includes('failed') || before.includes('not run')) {
        waiting.delete(name);
        results.set(name, { outcome: 'not run', started: Date.now(), ended: Date.now() });
      } else if (!before.includes(undefined) && running.size < SLOTS) {
        waiting.delete(name);
        running.set(name, start(name));
      }
    }
    if (running.size > 0) {
      await Promise.race(running.values());
    }
  }
  if ([...results.values()].some(({ outcome }) => outcome !== 'unchanged')) {
    printTable(results);
  }
  return [...results.values()].every(({ outcome }) => outcome === 'done' || outcome === 'unchanged');
}

function closure(steps: Steps, wanted: readonly string[], found = new Set<string>()): Set<string> {
  for (const name of wanted) {
    found.add(name);
    closure(steps, steps[name].after ?? [], found);
  }
  return found;
}

async function runStep(steps: Steps, name: string): Promise<Outcome> {
  const { outputs } = steps[name];
  try {
    if (outputs === undefined) {
      await perform(name, steps[name]);
      return 'done';
    }
    const inputs = [...closure(steps, [name])].flatMap((step) => steps[step].inputs ?? []);
    return (await once(name, inputs, outputs, () => perform(name, steps[name]))) ? 'done' : 'unchanged';
  } catch (error) {
    process.stderr.write(`\n✖ ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 'failed';
  }
}

async function perform(name: string, { run, fresh, needs, live = false }: Step): Promise<void> {
  const missing = needs && remedyFor(needs);
  if (missing) {
    throw new Error(missing);
  }
  if (fresh !== undefined) {
    rmSync(join(root, fresh), { recursive: true, force: true });
    mkdirSync(join(root, fresh), { recursive: true });
  }
  const started = Date.now();
  process.stdout.write(`… ${name}\n`);
  for (const command of run) {
    await shell(command, live);
  }
  process.stdout.write(`✔ ${name} (${seconds(Date.now() - started)})\n`);
}

function shell(command: string, live: boolean): Promise<void> {
  const child = spawn(command, {
    shell: true,
    cwd: root,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (live ? process.stdout.write(chunk) : printed.push(chunk)));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) {
        resolve();
      } else {
        process.stderr.write(Buffer.concat(printed));
        reject(new Error(`\`${command}\` ended with ${signal ?? `exit code ${String(code)}`}`));
      }
    });
  });
}

function printTable(results: ReadonlyMap<string, Result>): void {
  const origin = Math.min(...[...results.values()].map(({ started }) => started));
  const width = Math.max(...[...results.keys()].map((name) => name.length));
  const rows = [...results].map(([name, { outcome, started, ended }]) =>
    [
      name.padEnd(width),
      seconds(started - origin).padStart(9),
      seconds(ended - started).padStart(9),
      ` ${outcome}`,
    ].join(' '),
  );
  const total = Math.max(...[...results.values()].map(({ ended }) => ended)) - origin;
  console.log(`\n${'step'.padEnd(width)}    start at      took  result\n${rows.join('\n')}\ntotal ${seconds(total)}\n`);
}
