import fc from 'fast-check';
import { type Engine, type EngineName, engines } from './support/engines';
import { MemoryStore } from './support/memory-store';
import { arrival, policy } from './support/rows';
import {
  Contention,
  Dispatcher,
  type DispatchEvent,
  type DispatchStore,
  type FileRow,
  FileTask,
  FileTaskError,
} from '../../../src/runtime/dispatch/index.js';

const IDS = ['1', '2', '3', '4'];
const NOW = 1_000_000;

/** What may be asked of the protocol, about which file. */
type Step = readonly [
  (
    | 'register'
    | 'drive'
    | 'begin'
    | 'complete'
    | 'fail'
    | 'retry'
    | 'stopped'
    | 'refuse'
    | 'redrive'
    | 'discard'
    | 'remove'
    | 'postpone'
    | 'pause'
    | 'resume'
  ),
  string,
];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    'register',
    'register',
    'drive',
    'begin',
    'begin',
    'complete',
    'complete',
    'fail',
    'retry',
    'stopped',
    'refuse',
    'redrive',
    'discard',
    'remove',
    'postpone',
    'pause',
    'resume',
    'resume',
  ),
  fc.constantFrom(...IDS),
);

interface Settings {
  readonly late: 'run-next' | 'park' | 'append';
  readonly overwrite: 'latest' | 'each';
  readonly exhausted: 'block' | 'park';
}
const settings: fc.Arbitrary<Settings> = fc.record({
  late: fc.constantFrom('run-next', 'park', 'append'),
  overwrite: fc.constantFrom('latest', 'each'),
  exhausted: fc.constantFrom('block', 'park'),
});

/** Files 1 and 2 are versions of one object, 3 and 4 of another. */
const objectOf = (id: string) => ({ bucket: 'inbox', key: `a/${id < '3' ? 1 : 2}`, sequencer: `0${id}` });

async function take(store: DispatchStore, [what, id]: Step, { late, overwrite, exhausted }: Settings): Promise<void> {
  const now = () => NOW;
  const dispatcher = new Dispatcher({ store, now, wake: () => Promise.resolve() });
  const { epoch = 0, worker = `task-${id}` } = (await store.file(id)) ?? {};
  const events: Partial<Record<Step[0], Parameters<Dispatcher['apply']>[1]>> = {
    complete: { type: 'complete', epoch, worker },
    fail: { type: 'fail', epoch, worker, reason: 'broken' },
    retry: { type: 'retry' },
    stopped: { type: 'stopped', epoch, worker, reason: 'killed' },
    refuse: { type: 'refuse', epoch, reason: 'full' },
    redrive: { type: 'redrive' },
    discard: { type: 'discard', reason: 'by hand' },
  } satisfies Partial<Record<Step[0], DispatchEvent>>;
  if (what === 'register') {
    await dispatcher.register(
      arrival(id, { late, overwrite, object: objectOf(id), policy: { ...policy, exhausted, backoffMs: 0 } }),
    );
  } else if (what === 'drive') {
    await dispatcher.drive('A');
  } else if (what === 'begin') {
    await FileTask.begin({ store, now, fileId: id, epoch, worker: `task-${id}` });
  } else if (what === 'remove') {
    await dispatcher.remove(objectOf(id), 'event');
  } else if (what === 'pause') {
    await dispatcher.pause('A', 'maintenance');
  } else if (what === 'resume') {
    await dispatcher.resume('A');
  } else if (what === 'postpone') {
    await dispatcher.postponeCheck(id);
  } else {
    await dispatcher.apply(id, events[what]!);
  }
}

const attempt = (store: DispatchStore, one: Step, given: Settings) =>
  take(store, one, given).catch((error: unknown) => {
    if (!(error instanceof FileTaskError || error instanceof Contention)) {
      throw error;
    }
  });

const rowsOf = async (store: DispatchStore) => Promise.all(IDS.map((id) => store.file(id)));

describe.each(['DynamoDB Local', 'PostgreSQL'] satisfies EngineName[])('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await engines[name]();
  }, 600_000);
  afterAll(async () => engine.stop());

  test('keeps the same rows as the reference, whatever is asked in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.array(step, { minLength: 8, maxLength: 30 }), async (given, steps) => {
        const [real, reference] = [await engine.emptyStore(), new MemoryStore()];
        for (const one of steps) {
          await attempt(real, one, given);
          await attempt(reference, one, given);
          expect(await rowsOf(real)).toEqual(await rowsOf(reference));
          expect(await real.pauses()).toEqual(await reference.pauses());
          expect(await real.heads('A')).toEqual(await reference.heads('A'));
          expect((await real.queued('A', 9)).map(({ id }) => id)).toEqual(
            (await reference.queued('A', 9)).map(({ id }) => id),
          );
        }
      }),
      { numRuns: name === 'PostgreSQL' ? 40 : 12 },
    );
  }, 240_000);
});

/**
 * Invariants after every commit: one holder, consistent in both rows; no file has more attempts than its type allows.
 */
function invariants({ files, headRows }: MemoryStore) {
  const rows: readonly FileRow[] = [...files.values()];
  const holding = rows.filter(
    ({ status }) => status === 'starting' || status === 'running' || status === 'waiting' || status === 'blocked',
  );
  const head = [...headRows.values()].at(0);
  expect(holding.length).toBeLessThanOrEqual(1);
  expect(head?.holder).toBe(holding.at(0)?.id);
  if (holding.length > 0) {
    expect(holding.at(0)?.fence).toBe(head?.version);
  }
  for (const {
    attempts,
    policy: { maxAttempts },
  } of rows) {
    expect(attempts).toBeLessThanOrEqual(maxAttempts);
  }
}

test('keeps its invariants in every interleaving that the scheduler finds', async () => {
  const actors = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 2, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), settings, actors, async (scheduler, given, all) => {
      const store: MemoryStore = new MemoryStore(
        () => scheduler.schedule(Promise.resolve()),
        () => invariants(store),
      );
      const work = all.map(async (steps) => {
        for (const one of steps) {
          await attempt(store, one, given);
        }
      });
      await scheduler.waitFor(Promise.all(work));
    }),
    { numRuns: 200 },
  );
}, 60_000);
