import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { LocalCloud } from 'fileworks-local';
import { appFolder, startDeployment } from '../e2e/support/deployment';
import { DEPLOYMENTS } from './deployments';
import { nameOf, type Part, partsOf } from './parts';
import { type Outcome, Player } from './player';
import { isLate, reasonOf, SILENT } from './reasons';
import { keep } from './results';
import { switchOf } from './switches';

const root = resolve(__dirname, '..', '..');
/** The deployments that `npm run silence` names, `all` of them, or a sample of parts that changes with each commit. */
const WANTED = (process.env.FILEWORKS_SILENCE ?? '').split(/[ ,]+/).filter(Boolean);
/** Without an alarm. */
const UNSEEN: readonly Outcome['kind'][] = ['alerted', 'silent'];
/** Of the logical ids of the parts. */
const PATTERN = new RegExp(process.env.FILEWORKS_SILENCE_PARTS ?? '');
/** A part takes up to a minute. */
const SAMPLED_PARTS = 1;

/** Processes run in real time: if it is too fast for the machine, alarms report its functions as stopped. */
const SPEED = Number(process.env.FILEWORKS_SILENCE_SPEED ?? 30);

const seed = createHash('sha256')
  .update(execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root }))
  .digest();
const names = Object.keys(DEPLOYMENTS);
const sampled = WANTED.length === 0;
const chosen = sampled
  ? [names[seed.readUInt32BE(0) % names.length]]
  : names.filter((name) => WANTED.includes('all') || WANTED.includes(name));

const switchable = (parts: readonly Part[]) =>
  parts.filter((part) => typeof switchOf(part) !== 'string' && PATTERN.test(part.logicalId));
const sampleOf = (parts: readonly Part[]) => {
  const from = seed.readUInt32BE(4) % parts.length;
  return [...parts.slice(from), ...parts.slice(0, from)].slice(0, SAMPLED_PARTS);
};

describe.each(chosen)('%s, each part of which is switched off', (name) => {
  const folder = `silence-${name}`;
  const outcomes: Record<string, Outcome> = {};
  let parts: Part[];
  let played: Part[];

  beforeAll(async () => {
    const { options, feed, stop } = await DEPLOYMENTS[name]();
    let cloud: LocalCloud | undefined;
    try {
      cloud = await startDeployment(name, { speed: SPEED, ...options, folder });
      parts = partsOf(appFolder(folder));
      played = sampled ? sampleOf(switchable(parts)) : switchable(parts);
      const player = new Player(cloud, await feed(cloud), parts);
      for (const part of played) {
        await player.settle();
        const found = switchOf(part);
        if (typeof found !== 'string') {
          const outcome = await player.play(part, found);
          outcomes[part.logicalId] = outcome;
          if (!sampled) {
            keep(name, parts, part.logicalId, outcome);
          }
        }
      }
    } finally {
      await cloud?.stop();
      await stop?.();
    }
  }, 7_200_000);

  test('is seen by an alarm with an action within 15 minutes, loses nothing, or has its reason', () => {
    const silent = played.filter(({ logicalId }) => UNSEEN.includes(outcomes[logicalId].kind));
    expect(silent.filter((part) => reasonOf(SILENT, part) === undefined).map(nameOf)).toEqual([]);
  });

  test('has a reason only if no alarm sees it', () => {
    const seen = played.filter((part) => !UNSEEN.includes(outcomes[part.logicalId].kind) && !isLate(part));
    expect(seen.filter((part) => reasonOf(SILENT, part) !== undefined).map(nameOf)).toEqual([]);
  });
});
