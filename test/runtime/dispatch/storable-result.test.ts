import { type Engine, type EngineName, engines } from './support/engines';
import { arrival } from './support/rows';
import { Dispatcher, type DispatchStore, FileTask } from '../../../src/runtime/dispatch/index.js';
import { THROWN } from '../support/thrown-values';

class Row {
  readonly rows = 3;
}
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

const storable: [string, unknown][] = [
  ['text of any language', { name: 'Müller 株式会社 😀', empty: '' }],
  ['numbers', [0, -1.5, 1e-130, 2 ** 53 - 1]],
  ['null, truth and nothing', { a: null, b: true, c: [], d: {} }],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { rows: 1 })],
  ['many levels', nested(28)],
  ['60 KB', 'x'.repeat(60_000)],
];
const others: [string, unknown, string][] = [
  ['a date', { at: new Date(0) }, 'the result.at is an instance of Date'],
  ['a class', new Row(), 'the result is an instance of Row'],
  ['no number', [Number.NaN], 'the result[0] is NaN; numbers must be at most 2^53 - 1'],
  ['a number that is too large', 2 ** 53, 'the result is 9007199254740992; numbers must be at most 2^53 - 1'],
  ['a number that is too small', 1e-140, 'the result is 1e-140; numbers must be at most 2^53 - 1'],
  ['an empty set', new Set(), 'the result is an instance of Set'],
  ['a bigint', { rows: 1n }, 'the result.rows is a bigint'],
  ['a function', { rows: () => 1 }, 'the result.rows is a function'],
  ['U+0000', { name: 'a\u0000b' }, 'the result.name contains U+0000 or half of a surrogate pair'],
  ['half of a pair', '\ud800', 'the result contains U+0000 or half of a surrogate pair'],
  ['an empty name', { '': 1 }, 'the result has a name that cannot be stored'],
  ['a hole', [1, undefined], 'the result[1] is undefined'],
  ['too many levels', nested(40), 'is nested more than 30 levels deep'],
  ['400 KB', 'x'.repeat(400_000), 'the result has 400013 bytes; at most 65536 are stored'],
  [
    'a property that throws',
    {
      get rows() {
        throw new Error('no');
      },
    },
    'the result cannot be read',
  ],
];

describe.each(Object.keys(engines) as EngineName[])('%s', (name) => {
  let engine: Engine;
  let store: DispatchStore;
  beforeAll(async () => {
    engine = await engines[name]();
    store = await engine.emptyStore();
  }, 600_000);
  afterAll(async () => engine.stop());

  async function complete(fileId: string, result: unknown) {
    await new Dispatcher({ store, wake: () => Promise.resolve() }).register(arrival(fileId, { sequence: undefined }));
    await (await FileTask.begin({ store, fileId, epoch: 1, worker: 'task' })).complete(result);
    return store.file(fileId);
  }

  test.each(storable)('keeps %s', async (title, result) => {
    expect(await complete(title, result)).toMatchObject({ status: 'completed', result: structuredClone(result) });
  });

  test.each(others)('completes a file whose result is %s, without it', async (title, result, problem) => {
    const file = await complete(title, result);
    expect(file).toMatchObject({ status: 'completed', reason: expect.stringContaining(problem) as string });
    expect(file).not.toHaveProperty('result');
  });

  test.each(THROWN)('completes a file whose result is %s', async (title, value) => {
    expect((await complete(`thrown ${title}`, value()))?.status).toBe('completed');
  });
});
