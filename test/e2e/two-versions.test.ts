import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { LocalCloud } from 'fileworks-local';
import { csvFile } from './support/csv-files';
import { until } from './support/deployment';
import { Rollout } from './support/rollout';
import { secondVersion } from './support/second-version';

/** A reference deployment whose workers begin when the gate is open: what they do is running while it is updated. */
async function start(name: string): Promise<{ readonly rollout: Rollout; readonly open: () => void }> {
  const gate = join(mkdtempSync(join(tmpdir(), 'fileworks-gate-')), 'open');
  const wait = `while [ ! -e '${gate}' ]; do sleep 0.1; done; exec node main.ts`;
  const rollout = await Rollout.start(name, `two-versions-${name}`, { command: ['/bin/sh', '-c', wait] });
  return { rollout, open: () => writeFileSync(gate, '') };
}

/** Waits until `done` holds. Throws as soon as a call of the app is denied, after which it never will. */
async function withoutDenial(what: string, cloud: LocalCloud, done: () => Promise<boolean>): Promise<void> {
  await until(what, 60, async () => {
    expect(cloud.denials()).toEqual([]);
    return (await done()) || undefined;
  });
}

describe('object-tasks, updated while its tasks run', () => {
  const KEYS = ['1', '2', '3', '4'].map((name) => `in/${name}.jsonl`);
  let rollout: Rollout;
  let results: string;
  const summaries = async () => {
    const found = await rollout.keys(results, 'summaries/');
    return KEYS.filter((key) => found.some((summary) => summary.startsWith(`summaries/${key.slice(3)}@`)));
  };

  beforeAll(async () => {
    const started = await start('object-tasks');
    rollout = started.rollout;
    const { IncomingBucket: incoming, ResultsBucket } = rollout.cloud.outputs('ObjectTasks');
    results = ResultsBucket;
    await rollout.put(incoming, KEYS[0]);
    const [lost] = await rollout.running(1);
    await rollout.put(incoming, KEYS[1], KEYS[2]);
    await rollout.running(3);
    await rollout.cloud.update(secondVersion(rollout.app));
    await rollout.put(incoming, KEYS[3]);
    await rollout.running(4);
    rollout.cloud.faults.kill(lost.taskArn);
    started.open();
  }, 600_000);

  afterAll(() => rollout.stop(), 60_000);

  test('running tasks end with the old version, and the next file gets the new one', async () => {
    await until('their summaries', 60, async () => ((await summaries()).length >= 3 ? true : undefined));
    expect(await summaries()).toEqual(expect.arrayContaining(KEYS.slice(1)));
    expect(new Set(rollout.cloud.tasks().map(({ taskDefinitionArn }) => taskDefinitionArn)).size).toBe(2);
  });

  test('a lost task is started again', async () => {
    await withoutDenial('its summary', rollout.cloud, async () => (await summaries()).length === 4);
  });
});

describe('typed-ingest, updated while its tasks run, and while the new policies do not yet have effect', () => {
  const KEYS = Array.from({ length: 6 }, (_, n) => `incoming/b/${n}.txt`);
  let rollout: Rollout;
  let results: string;

  beforeAll(async () => {
    const started = await start('typed-ingest');
    rollout = started.rollout;
    const { IncomingBucket: incoming, ResultsBucket } = rollout.cloud.outputs('TypedIngest');
    results = ResultsBucket;
    await rollout.put(incoming, ...KEYS);
    // The type has four slots
    await rollout.running(4);
    await rollout.cloud.faults.delayPolicies(86_400);
    await rollout.cloud.update(secondVersion(rollout.app));
    await rollout.cloud.faults.failNext({ action: 'ecs:RunTask', error: 'AccessDeniedException', status: 400 });
    started.open();
  }, 600_000);

  afterAll(() => rollout.stop(), 60_000);

  test('running tasks end with the old version', async () => {
    await until('their results', 60, async () => ((await rollout.keys(results)).length >= 4 ? true : undefined));
  });

  test('files in the queue are launched, also one whose launch ECS denies meanwhile', async () => {
    await until('their results', 60, async () => ((await rollout.keys(results)).length >= 6 ? true : undefined));
    const refused = rollout.cloud.calls().filter(({ action, status }) => action === 'ecs:RunTask' && status === 400);
    expect(refused).toHaveLength(1);
    expect(rollout.cloud.denials()).toEqual([]);
  }, 120_000);
});

describe('csv-batch, updated while its batches run', () => {
  const FILES = 60;
  let rollout: Rollout;
  let clean: string;
  const cleaned = async () => new Set(await rollout.keys(clean, 'clean/')).size;

  beforeAll(async () => {
    const started = await start('csv-batch');
    rollout = started.rollout;
    const { InboxBucket: inbox, CleanBucket } = rollout.cloud.outputs('CsvBatch');
    clean = CleanBucket;
    for (let n = 0; n < FILES; n += 1) {
      const file = csvFile(`${n}.csv`, n, 3);
      await rollout.putBody(inbox, `orders/incoming/${file.name}`, await buffer(file.body()));
    }
    await rollout.putBody(inbox, 'orders/incoming/_READY', '');
    const [lost] = await rollout.running(2);
    await rollout.cloud.update(secondVersion(rollout.app));
    rollout.cloud.faults.kill(lost.taskArn);
    started.open();
  }, 600_000);

  afterAll(() => rollout.stop(), 60_000);

  test('a running batch ends with the old version', async () => {
    await until('its files', 60, async () => ((await cleaned()) >= 10 ? true : undefined));
  });

  test('the batch of a lost task is started again', async () => {
    await withoutDenial('all files', rollout.cloud, async () => (await cleaned()) === FILES);
  });
});
