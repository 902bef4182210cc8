import { type ChaosOptions, type ChaosReport, chaos, type Mutant } from './run';
import { type Arrival, type FileObject } from '../../../../src/runtime/dispatch/index.js';
import { type Engine, type EngineName, engines } from '../support/engines';
import { arrival, policy } from '../support/rows';

// The short run gates every change; `npm run chaos` sets more
const RUNS = Number(process.env.FILEWORKS_CHAOS_RUNS ?? process.env.FILEWORKS_CHAOS ?? 2);
if (!Number.isInteger(RUNS) || RUNS < 1) {
  throw new Error(
    `FILEWORKS_CHAOS_RUNS must be a whole number of 1 or more, got: ${process.env.FILEWORKS_CHAOS_RUNS ?? ''}`,
  );
}
const SEED = Number(process.env.FILEWORKS_CHAOS_SEED ?? 1);

const chaosPolicy = {
  ...policy,
  maxAttempts: 3,
  backoffMs: 10_000,
  maxBackoffMs: 60_000,
  hangTimeoutMs: 600_000,
  maxRuntimeMs: 86_400_000,
};
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Files of three sequences that block, park, and work two at a time; every fifth is overwritten by the next one. */
function files(count: number): Arrival[] {
  return range(count).map((index) => {
    const sequence = ['A', 'B', 'C'][index % 3];
    const order = String(index).padStart(4, '0');
    const pair = Math.floor(index / 15) * 3 + (index % 3);
    const twin =
      index % 15 < 6
        ? { overwrite: 'latest' as const, object: { bucket: 'inbox', key: `${sequence}/${pair}`, sequencer: order } }
        : {};
    return arrival(`${sequence}-${order}`, {
      sequence,
      type: sequence,
      order,
      slots: sequence === 'C' ? 2 : 1,
      policy: { ...chaosPolicy, exhausted: sequence === 'A' ? 'block' : 'park' },
      ...twin,
    });
  });
}

const lateFiles = (count: number): Arrival[] =>
  range(count).map((index) =>
    arrival(`L-${String(index).padStart(4, '0')}`, {
      sequence: 'L',
      late: index % 2 === 0 ? 'park' : 'append',
      policy: chaosPolicy,
    }),
  );

const LIMITS = { all: 4, types: { B: 1, X: 2 } };

/** The same with executions, in sequences of their own. */
const withExecutions = (count: number): Arrival[] => [
  ...files(count),
  ...range(count / 3).map((index) =>
    arrival(`X-${String(index).padStart(4, '0')}`, { type: 'X', sequence: `X/${index % 3}`, policy: chaosPolicy }),
  ),
];
/** A delete after every third version of the objects whose versions are tracked. */
const deletesOf = (all: readonly Arrival[]): FileObject[] =>
  all
    .filter(({ overwrite }, index) => overwrite === 'latest' && index % 3 === 0)
    .map(({ object }) => ({ ...object, sequencer: `${object.sequencer ?? ''}5` }));

function tell(title: string, reports: readonly ChaosReport[]) {
  const sum = (key: Exclude<keyof ChaosReport, 'violations'>) =>
    reports.reduce((total, report) => total + report[key], 0);
  const violated = reports.filter(({ violations }) => violations.length > 0).length;
  process.stderr.write(
    `${title.padEnd(42)} runs ${reports.length}  messages ${sum('messages')}  crashes ${sum('crashes')}  begins ${sum('begins')}  completed ${sum('completed')}  parked ${sum('parked')}  runs with violations ${violated}\n`,
  );
}

describe.each(Object.keys(engines) as EngineName[])('chaos on %s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await engines[name]();
  }, 600_000);
  afterAll(async () => engine.stop());

  test.each<[string, () => Omit<ChaosOptions, 'store' | 'seed'>]>([
    ['sequences', () => ({ files: files(45) })],
    ['late files', () => ({ files: lateFiles(15) })],
    [
      'deletes, limits, executions, commands',
      () => {
        const all = withExecutions(45);
        return { files: all, deleted: deletesOf(all), limits: LIMITS, commands: true };
      },
    ],
  ])(
    'keeps its promises: %s',
    async (title, make) => {
      const reports: ChaosReport[] = [];
      for (const run of range(RUNS)) {
        reports.push(await chaos({ ...make(), store: await engine.emptyStore(), seed: SEED + run }));
      }
      tell(`${name}, ${title}`, reports);
      expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    },
    RUNS * 600_000,
  );
});

const oneByOne = (count: number) =>
  range(count).map((index) =>
    arrival(`A-${index}`, { policy: { ...chaosPolicy, maxAttempts: 1, exhausted: 'block' } }),
  );

describe('the chaos run has teeth', () => {
  const mutants: [Mutant, RegExp, Omit<Parameters<typeof chaos>[0], 'store' | 'seed'>][] = [
    ['lease expiry releases', /^P1 /, { files: files(45), faults: { hang: 0.3 } }],
    ['fresh token per launch', /^launch token/, { files: files(45), faults: { unknown: 0.4 } }],
    ['limit ignored', /^P6 /, { files: withExecutions(45), limits: LIMITS }],
    // A claim that stands still between its reads while a file that comes first is blocked and redriven
    [
      'no version check',
      /^P2 /,
      {
        files: oneByOne(8),
        redrives: 120,
        faults: { fail: 0.9, pause: 0.5, pauseMs: 30, workMs: 1, hang: 0, kill: 0, crash: 0.05 },
      },
    ],
  ];
  // The last one takes luck; its interleaving stands, step by step, in store.test.ts, and SPIN finds it every time
  test.each(RUNS > 2 ? mutants : mutants.slice(0, 3))(
    'catches the mutant: %s',
    async (mutant, violation, options) => {
      const engine = await engines.memory();
      const found: string[] = [];
      for (let run = 0; run < 30 && !found.some((text) => violation.test(text)); run += 1) {
        const report = await chaos({ ...options, mutant, store: await engine.emptyStore(), seed: SEED + run });
        tell(`mutant: ${mutant}`, [report]);
        found.push(...report.violations);
      }
      expect(found).toEqual(expect.arrayContaining([expect.stringMatching(violation)]));
    },
    600_000,
  );
});
