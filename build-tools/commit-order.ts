import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { root } from './steps.ts';

/** In an order that differs from commit to commit, so that samples of the gate reach everything in time. */
export function inCommitOrder<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const rank = (item: T) =>
    createHash('sha256')
      .update(`${commit} ${idOf(item)}`)
      .digest('hex');
  return items
    .map((item) => ({ item, rank: rank(item) }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .map(({ item }) => item);
}
