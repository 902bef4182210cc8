// The two verbs of every script here: `run` a command with a progress line, and do a step `once` for the same inputs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const tools = process.env.FILEWORKS_TOOLS_DIR ?? join(root, '.tools');

/** One clear sentence and exit code 1. */
export function fail(sentence: string): never {
  console.error(`\n✖ ${sentence}`);
  process.exit(1);
}

const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

export interface RunOptions {
  /** Default: the root of the checkout. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Record<string, string>;
  /** A program that must be on the machine. */
  readonly needs?: Program;
  /** A folder below the root that is emptied first. */
  readonly fresh?: string;
}

/** Runs a command quietly; shows what it printed only if it fails. */
export function run(
  what: string,
  command: string,
  args: string[],
  { cwd = root, env = {}, needs, fresh }: RunOptions = {},
): string {
  const missing = needs && remedyFor(needs);
  if (missing) {
    fail(missing);
  }
  if (fresh) {
    rmSync(join(root, fresh), { recursive: true, force: true });
    mkdirSync(join(root, fresh), { recursive: true });
  }
  const started = Date.now();
  process.stdout.write(`… ${what}\n`);
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: path, ...env },
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) {
    process.stdout.write(result.stdout + result.stderr);
    fail(
      `${what}: ${[command, ...args].join(' ')} ended with ${result.error?.message ?? `exit code ${String(result.status)}`}`,
    );
  }
  process.stdout.write(`✔ ${what} (${seconds(started)})\n`);
  return result.stdout;
}

const remedies = {
  python3:
    'Python 3.10 or newer is needed (python3 on the PATH, with its venv module): install it and run the command again',
  mvn: 'a JDK 17 or newer with Maven is needed for the Java package (mvn on the PATH): install it and run the command again',
};

export type Program = keyof typeof remedies;

/** What to do when the program is not on this machine. */
export function remedyFor(program: Program): string | undefined {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0 ? undefined : remedies[program];
}

/** Installs a package of Debian or Ubuntu if this user may; whether it worked is for the caller to see. */
export function installFromDebian(name: string): void {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error) {
    return;
  }
  // A second apt-get would fail at once
  const install = `apt-get update -qq; apt-get install -y -qq ${name}`;
  spawnSync('flock', [join(tmpdir(), 'fileworks-apt-get.lock'), 'sh', '-c', install], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** A hash of the content of every file below these paths that git tracks or would track. */
export function fingerprint(paths: readonly string[]): string {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '--', ...paths], {
    cwd: root,
    encoding: 'utf8',
  });
  if (listed.status !== 0) {
    fail('this needs a git checkout: the files that git tracks tell what changed');
  }
  const hash = createHash('sha256');
  for (const file of listed.stdout.split('\0').filter(Boolean).sort()) {
    if (existsSync(join(root, file))) {
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(root, file)));
    }
  }
  return hash.digest('hex');
}

/** Does `action` unless it was done before for the same content of `inputs` and all `outputs` still exist. */
export async function once(
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  action: () => unknown,
): Promise<boolean> {
  const stamp = join(tools, 'stamps', name);
  const now = fingerprint(inputs);
  const isDone = () =>
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === now &&
    outputs.every((output) => existsSync(resolve(root, output)));
  if (isDone()) {
    return false;
  }
  return withLock(`${stamp}.lock`, async () => {
    if (isDone()) {
      return false;
    }
    rmSync(stamp, { force: true });
    await action();
    writeFileSync(stamp, now);
    return true;
  });
}

/** Steps and tests run in several processes at the same time. */
async function withLock<T>(lock: string, action: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(lock), { recursive: true });
  while (!takeLock(lock)) {
    await setTimeout(200);
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    // The process that held it may have been killed
    const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    if (owner > 0 && !isAlive(owner)) {
      rmSync(lock, { force: true });
    }
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
