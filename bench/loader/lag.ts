import { readFileSync } from 'node:fs';

/** The defaults of the construct. */
export interface LoaderSettings {
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly concurrency: number;
}

/**
 * The longest time of a file from its arrival to its commit, when files arrive evenly over an hour: each of Lambda's
 * pollers fills a batch until it is full or the window ends, and invocations share the measured rate of the database.
 */
export function worstLag(
  files: number,
  filesPerSecond: number,
  fixedMs: number,
  { batchSize, windowSeconds, concurrency }: LoaderSettings,
): number {
  const arrivals = Array.from({ length: files }, (_, index) => (index * 3_600) / files);
  const freeAt = new Array<number>(concurrency).fill(0);
  let worst = 0;
  for (let first = 0; first < files;) {
    const opened = arrivals[first] ?? 0;
    let end = first;
    while (end < files && end - first < batchSize && (arrivals[end] ?? 0) <= opened + windowSeconds) {
      end += 1;
    }
    const full = end - first === batchSize ? (arrivals[end - 1] ?? 0) : opened + windowSeconds;
    const slot = freeAt.indexOf(Math.min(...freeAt));
    const done = Math.max(full, freeAt[slot] ?? 0) + fixedMs / 1_000 + (end - first) / (filesPerSecond / concurrency);
    freeAt[slot] = done;
    worst = Math.max(worst, done - opened);
    first = end;
  }
  return worst;
}

/** Reads the defaults from the source of the construct, so that the bench cannot differ from it. */
export function settings(): LoaderSettings {
  const source = readFileSync(new URL('../../src/constructs/batch-file-loader/defaults.ts', import.meta.url), 'utf8');
  const number = (name: string) => {
    const found = new RegExp(`${name}: (?:Duration\\.seconds\\()?(\\d+)`).exec(source)?.[1];
    if (found === undefined) {
      throw new Error(`defaults.ts has no ${name}`);
    }
    return Number(found);
  };
  return {
    batchSize: number('batchSize'),
    windowSeconds: number('batchingWindow'),
    concurrency: number('maxConnections'),
  };
}
