import type { S3Client } from '@aws-sdk/client-s3';
import { LoaderBench, numbers, orders, results } from './support';
import {
  FileRejected,
  type LedgerFile,
  type LoaderConnection,
  type LoadFile,
} from '../../../../src/runtime/database/index.js';

jest.setTimeout(120_000);

let bench: LoaderBench;
let connection: LoaderConnection;

beforeAll(async () => {
  bench = await LoaderBench.start();
});
beforeEach(async () => {
  await bench.empty();
  connection = bench.connection();
});
afterEach(() => connection.close());
afterAll(() => bench.stop());

const putOrders = (from: number, to: number) =>
  Promise.all(numbers(from, to).map((id) => bench.put(`${id}.json`, bench.order(id))));
/** A bucket that keeps versions: the stub has them under keys of their own. */
function versioned(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => (args) => {
      const input = args.input as { Key?: string; VersionId?: string };
      return next(
        input.VersionId === undefined
          ? args
          : { ...args, input: { ...input, Key: `${input.Key}@${input.VersionId}`, VersionId: undefined } as never },
      );
    },
    { step: 'initialize' },
  );
  return client;
}
const commits = async () => {
  const { rows } = await bench.eye.query<{ count: string }>('SELECT count(DISTINCT xmin::text) FROM orders');
  return Number(rows[0].count);
};

test('loads a hundred files in one transaction, over one connection, with what each holds', async () => {
  const files = await putOrders(1, 100);
  expect(new Set(results(files, await bench.loader(connection).loadAll(files)))).toEqual(new Set(['loaded']));
  expect(await bench.ids()).toEqual(numbers(1, 100));
  expect(await commits()).toBe(1);
  expect(connection.connects).toBe(1);
  const { rows } = await bench.eye.query('SELECT * FROM orders WHERE id = 7');
  expect(rows).toEqual([
    {
      id: '7',
      customer: 'customer 7',
      quantity: 1,
      price: null,
      changed: null,
      document: { id: 7, customer: { name: 'customer 7' }, quantity: 1 },
    },
  ]);
  expect((await bench.ledger())[0]).toMatchObject({ status: 'loaded', rows: 1, reason: null });
});

test('loads a file once, whether its event comes twice in a batch, again later, or at the same time to another loader', async () => {
  const files = await putOrders(1, 20);
  const loader = bench.loader(connection);
  await loader.loadAll([...files.slice(0, 10), ...files.slice(0, 10)]);
  expect(results(files, await loader.loadAll(files))).toEqual([
    ...Array<string>(10).fill('repeated'),
    ...Array<string>(10).fill('loaded'),
  ]);

  const more = await putOrders(21, 60);
  const others = [bench.connection(), bench.connection(), bench.connection()];
  const outcomes = await Promise.all(
    others.map((other) => bench.loader(other).loadAll([...more].sort(() => Math.random() - 0.5))),
  );
  expect(await bench.ids()).toEqual(numbers(1, 60));
  for (const { id } of more) {
    expect(outcomes.map((outcome) => outcome.get(id)?.result).sort()).toEqual(['loaded', 'repeated', 'repeated']);
  }
  await Promise.all(others.map((other) => other.close()));
});

test.each<[string, string, object]>([
  ['JSON that ends in the middle', '{"id": 50,\n"quan', { line: 2, reason: expect.stringContaining('not JSON') }],
  ['text that is no JSON', 'hello', { line: 1, reason: expect.stringContaining('not JSON') }],
  [
    'a type that the column does not take',
    '{"id":50,"quantity":"many"}',
    {
      reason: expect.stringMatching(
        /invalid input syntax for type integer: "many" \(column quantity, SQLSTATE 22P02\)/,
      ),
    },
  ],
  [
    'a number that the column cannot hold',
    '{"id":50,"quantity":99999999999}',
    { reason: expect.stringContaining('22003') },
  ],
  [
    'a NUL in a text',
    '{"id":50,"quantity":1,"customer":{"name":"a\\u0000b"}}',
    { pointer: '/customer/name', reason: expect.stringContaining('NUL') },
  ],
  [
    'a NUL deep in a document',
    '{"id":50,"quantity":1,"deep":["\\u0000"]}',
    { reason: expect.stringContaining('22P05') },
  ],
  [
    'a value that a constraint refuses',
    '{"id":50,"quantity":0}',
    { reason: expect.stringContaining('constraint orders_quantity_check') },
  ],
  ['a missing value', '{"id":50}', { reason: expect.stringContaining('23502') }],
  [
    'a row that is no object',
    '[{"id":50,"quantity":1}, 7]',
    { pointer: '/1', reason: expect.stringContaining('object') },
  ],
  ['bytes that are no UTF-8', 'ÿ', { reason: expect.stringContaining('UTF-8') }],
  ['a key that another row has', '{"id":1,"quantity":1}', { reason: expect.stringContaining('orders_pkey') }],
])('rejects the one file with %s, and loads the 99 others', async (_, content, reason) => {
  const good = [...(await putOrders(1, 49)), ...(await putOrders(51, 100))];
  const bad = await bench.put('bad.json', Buffer.from(content, 'latin1'));
  const files = [...good.slice(0, 60), bad, ...good.slice(60)];
  const outcomes = await bench.loader(connection).loadAll(files);
  expect(results(good, outcomes)).toEqual(good.map(() => 'loaded'));
  expect(outcomes.get(bad.id)).toMatchObject({ result: 'rejected', error: { code: 'ERR_FILE_REJECTED', ...reason } });
  expect(await bench.ids()).toEqual([...numbers(1, 49), ...numbers(51, 100)]);
  expect((await bench.ledger()).filter(({ status }) => status === 'rejected')).toEqual([
    expect.objectContaining({ key: 'bad.json', ...reason }),
  ]);
});

test('names the row of a document, and the line of JSON Lines and CSV, that the database refuses', async () => {
  const routes = [
    orders,
    { ...orders, suffix: '.jsonl', format: 'json-lines' as const },
    {
      suffix: '.csv',
      format: 'csv' as const,
      table: 'orders',
      columns: [{ name: 'id' }, { name: 'quantity' }, { name: 'customer', source: 'name' }],
    },
  ];
  const files = [
    await bench.put('good.json', `[${bench.order(1)},${bench.order(2)}]`),
    await bench.put('a.json', `[${bench.order(10)},${bench.order(11, { quantity: 'x' })}]`),
    await bench.put('b.jsonl', `${bench.order(20)}\n\n${bench.order(21)}\n${bench.order(22, { quantity: 'x' })}\n`),
    await bench.put('c.csv', 'id,quantity,name\n30,1,"two\nlines"\n31,x,\n'),
  ];
  await bench.loader(connection, { routes }).loadAll(files);
  expect(await bench.ledger()).toMatchObject([
    { key: 'a.json', pointer: '/1', line: null },
    { key: 'b.jsonl', line: 4 },
    { key: 'c.csv', line: 4 },
    { key: 'good.json', status: 'loaded', rows: 2 },
  ]);
  expect(await bench.ids()).toEqual([1, 2]);
});

test('keeps numbers that JavaScript cannot hold', async () => {
  const file = await bench.put('big.json', '{"id":9223372036854775807,"quantity":1,"price":0.12345678901234567890}');
  await bench
    .loader(connection, { routes: [{ ...orders, columns: [...orders.columns, { name: 'price' }] }] })
    .loadAll([file]);
  const { rows } = await bench.eye.query(`SELECT id, price, document->>'price' AS inside FROM orders`);
  expect(rows).toEqual([
    { id: '9223372036854775807', price: '0.12345678901234567890', inside: '0.12345678901234567890' },
  ]);
});

test('validates rows by the schema of the route', async () => {
  const schema = {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'integer' },
      customer: { type: 'object', properties: { name: { type: 'string', maxLength: 10 } } },
    },
  };
  const files = [
    await bench.put('1.json', bench.order(1)),
    await bench.put('2.json', bench.order(2, { customer: { name: 'much too long' } })),
  ];
  const outcomes = await bench.loader(connection, { routes: [{ ...orders, schema }] }).loadAll(files);
  expect(outcomes.get(files[1].id)).toMatchObject({
    error: { pointer: '/customer/name', reason: 'must NOT have more than 10 characters' },
  });
  expect(await bench.ids()).toEqual([1]);
});

describe('where the key of a row is in the table already', () => {
  const route = (rule: 'keep' | 'update', more = {}) => ({
    routes: [
      { ...orders, columns: [...orders.columns, { name: 'changed' }], conflict: { rule, key: ['id'], ...more } },
    ],
  });
  const customers = async () =>
    (await bench.eye.query<{ customer: string }>('SELECT customer FROM orders ORDER BY id')).rows.map(
      ({ customer }) => customer,
    );
  const named = (id: number, name: string, more = {}) => bench.order(id, { customer: { name }, ...more });

  test('keeps the old row, also of two in one file', async () => {
    const files = [
      await bench.put('1.json', `[${named(1, 'old')},${named(1, 'new')},${named(2, 'two')}]`),
      await bench.put('2.json', named(1, 'newest')),
    ];
    const loader = bench.loader(connection, route('keep'));
    for (const file of files) {
      await loader.loadAll([file]);
    }
    expect(await customers()).toEqual(['old', 'two']);
  });

  test('updates it, the last of two in one file', async () => {
    const files = [
      await bench.put('1.json', `[${named(1, 'old')},${named(1, 'new')},${named(2, 'two')}]`),
      await bench.put('2.json', named(2, 'newer')),
    ];
    expect(results(files, await bench.loader(connection, route('update')).loadAll(files))).toEqual([
      'loaded',
      'loaded',
    ]);
    expect(await customers()).toEqual(['new', 'newer']);
  });

  test('updates it only by a greater value, where the route says so', async () => {
    const files = [
      await bench.put('1.json', named(1, 'second', { changed: 2 })),
      await bench.put('2.json', `[${named(1, 'third', { changed: 3 })},${named(1, 'first', { changed: 1 })}]`),
    ];
    const loader = bench.loader(connection, route('update', { ifGreater: 'changed' }));
    for (const file of [...files, await bench.put('3.json', named(1, 'zeroth', { changed: 0 }))]) {
      await loader.loadAll([file]);
    }
    expect(await customers()).toEqual(['third']);
  });

  test.each(['in one batch', 'one after the other', 'at the same time'])(
    'lets the newer version of a key win, whichever event comes first: %s',
    async (how) => {
      const versions = [
        await bench.put('1.json@older', named(1, 'older')),
        await bench.put('1.json@newer', named(1, 'newer')),
      ].map(({ object, ...file }, index): LedgerFile => ({
        ...file,
        object: { ...object, key: '1.json', versionId: ['older', 'newer'][index] },
      }));
      const client = versioned(bench.s3.client());
      const other = bench.connection();
      const loader = bench.loader(connection, { ...route('update'), client });
      if (how === 'in one batch') {
        await loader.loadAll([...versions].reverse());
      }
      if (how === 'one after the other') {
        for (const version of [...versions].reverse()) {
          await loader.loadAll([version]);
        }
      }
      if (how === 'at the same time') {
        await Promise.all([
          loader.loadAll([versions[0]]),
          bench.loader(other, { ...route('update'), client }).loadAll([versions[1]]),
        ]);
      }
      await other.close();
      expect(await customers()).toEqual(['newer']);
    },
  );
});

test('does not load an object that was overwritten or deleted since', async () => {
  const [overwritten, deleted] = [await bench.put('1.json', bench.order(1)), await bench.put('2.json', bench.order(2))];
  await bench.put('1.json', bench.order(3));
  bench.s3.objects.delete('inbox/2.json');
  const outcomes = await bench.loader(connection).loadAll([overwritten, deleted]);
  expect(results([overwritten], outcomes)).toEqual(['superseded']);
  expect(outcomes.get(deleted.id)).toMatchObject({
    result: 'rejected',
    error: { reason: expect.stringContaining('the object does not exist') },
  });
  expect(await bench.ids()).toEqual([]);
});

test('fails only the files of the route whose table is missing, and loads them once it is there', async () => {
  await bench.eye.query('CREATE SCHEMA later');
  const files = [await bench.put('1.json', bench.order(1)), await bench.put('2.jsonl', bench.order(2))];
  const loader = bench.loader(connection, {
    routes: [orders, { ...orders, suffix: '.jsonl', format: 'json-lines', table: 'later.orders' }],
  });
  const outcomes = await loader.loadAll(files);
  expect(results(files, outcomes)).toEqual(['loaded', 'failed']);
  expect(outcomes.get(files[1].id)).toMatchObject({ error: expect.objectContaining({ code: '42P01' }) });
  await bench.eye.query('CREATE TABLE later.orders AS SELECT * FROM orders WITH NO DATA');
  expect(results(files, await loader.loadAll(files))).toEqual(['repeated', 'loaded']);
  await bench.eye.query('DROP SCHEMA later CASCADE');
});

test('loads a rejected file when it is redelivered after the problem is fixed', async () => {
  const file = await bench.put('1.json', bench.order(1, { quantity: 0 }));
  expect(results([file], await bench.loader(connection).loadAll([file]))).toEqual(['rejected']);
  await bench.eye.query('ALTER TABLE orders DROP CONSTRAINT orders_quantity_check');
  expect(results([file], await bench.loader(connection).loadAll([file]))).toEqual(['loaded']);
  expect(await bench.ledger()).toMatchObject([{ status: 'loaded', rows: 1, reason: null }]);
});

describe('a connection that is lost in the middle of a COPY', () => {
  // A trigger that ends its own connection, once: rows have gone over the wire, none is committed
  const murder = async (times: number) => {
    await bench.eye.query(`
      CREATE SEQUENCE murders; CREATE FUNCTION murder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 50 AND nextval('murders') <= ${times} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
      CREATE TRIGGER murder BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION murder()`);
  };
  afterEach(() => bench.eye.query('DROP FUNCTION murder CASCADE; DROP SEQUENCE murders'));

  test('is made anew, and every file is loaded once', async () => {
    await murder(2);
    const files = await putOrders(1, 100);
    expect(new Set(results(files, await bench.loader(connection).loadAll(files)))).toEqual(new Set(['loaded']));
    expect(await bench.ids()).toEqual(numbers(1, 100));
    expect(connection.connects).toBe(3);
  });

  test('leaves nothing behind when it stays lost, and the files come again', async () => {
    await murder(3);
    const files = await putOrders(1, 100);
    const loader = bench.loader(connection);
    const outcomes = await loader.loadAll(files);
    expect(new Set(results(files, outcomes))).toEqual(new Set(['failed']));
    expect(outcomes.get(files[0].id)).toMatchObject({ error: { code: 'ERR_DATABASE_UNAVAILABLE' } });
    expect([await bench.ids(), await bench.ledger()]).toEqual([[], []]);
    expect(new Set(results(files, await loader.loadAll(files)))).toEqual(new Set(['loaded']));
    expect(await bench.ids()).toEqual(numbers(1, 100));
  });
});

test('fails a file that S3 does not give whole, and loads the others', async () => {
  const files = await putOrders(1, 10);
  bench.s3.fault = ({ action, key }) => (action === 'GetObject' && key === '3.json' ? { cutAfter: 5 } : undefined);
  const loader = bench.loader(connection);
  expect(results(files, await loader.loadAll(files))).toEqual(
    numbers(1, 10).map((id) => (id === 3 ? 'failed' : 'loaded')),
  );
  bench.s3.fault = () => undefined;
  await loader.loadAll(files);
  expect(await bench.ids()).toEqual(numbers(1, 10));
});

test('leaves files over the limit alone, by the size that the event says or that S3 says', async () => {
  const told = await bench.put('1.json', bench.order(1, { text: 'x'.repeat(2_000) }));
  const untold = await bench.put('2.json', bench.order(2, { text: 'x'.repeat(2_000) }));
  const files = [
    { ...told, object: { ...told.object, size: 2 ** 31 } },
    { ...untold, object: { ...untold.object, size: undefined } } as LedgerFile,
  ];
  bench.s3.forget();
  expect(results(files, await bench.loader(connection, { maxFileBytes: 1_000 }).loadAll(files))).toEqual([
    'too-large',
    'too-large',
  ]);
  expect(bench.s3.requests.map(({ key }) => key)).toEqual(['2.json']);
});

test('makes transactions by the bytes of the files, and leaves what the time does not suffice for', async () => {
  const files = await putOrders(1, 20);
  const bytes = Math.max(...files.map(({ object }) => object.size!));
  let ms = 38_000;
  const outcomes = await bench.loader(connection, { maxBatchBytes: 5 * bytes }).loadAll(files, () => (ms -= 7_000));
  expect(results(files, outcomes)).toEqual([...Array<string>(10).fill('loaded'), ...Array<string>(10).fill('failed')]);
  expect(await bench.ids()).toEqual(numbers(1, 10));
  expect(await commits()).toBe(2);
});

describe('a large file', () => {
  const route = { routes: [{ ...orders, suffix: '.jsonl', format: 'json-lines' as const }] };
  const lines = (count: number, wrong: number) =>
    numbers(1, count)
      .map((id) => bench.order(id, id === wrong ? { quantity: 'x' } : {}))
      .join('\n');

  test('is loaded as it is read, once', async () => {
    const file = await bench.put('large.jsonl', lines(20_000, 0));
    const loader = bench.loader(connection, route);
    expect(await loader.loadLarge(file)).toEqual({ result: 'loaded', rows: 20_000 });
    expect(await loader.loadLarge(file)).toEqual({ result: 'repeated' });
    expect(await bench.ids()).toHaveLength(20_000);
  });

  test('is loaded whole or not at all: a bad line far in it is named', async () => {
    const file = await bench.put('large.jsonl', lines(20_000, 19_990));
    expect(await bench.loader(connection, route).loadLarge(file)).toMatchObject({
      result: 'rejected',
      error: { line: 19_990 },
    });
    expect(await bench.ids()).toEqual([]);
  });

  test('is loaded from its beginning when reading it breaks off', async () => {
    const file = await bench.put('large.jsonl', lines(20_000, 0));
    bench.s3.fault = ({ action, count }) => (action === 'GetObject' && count === 1 ? { cutAfter: 500_000 } : undefined);
    bench.s3.forget();
    const loader = bench.loader(connection, route);
    expect(await loader.loadLarge(file)).toMatchObject({ result: 'failed' });
    expect(await bench.ids()).toEqual([]);
    expect(await loader.loadLarge(file)).toEqual({ result: 'loaded', rows: 20_000 });
  });
});

describe('a function of the user', () => {
  test('loads files in the same transaction as the ledger, one bad file apart', async () => {
    const files = await putOrders(1, 10);
    const load: LoadFile = async ({ body, object }, client) => {
      if (object.key === '4.json') {
        throw new FileRejected('not today', { line: 3 });
      }
      if (object.key === '5.json') {
        throw new Error('broken');
      }
      for await (const piece of body) {
        await client.query('INSERT INTO orders (id, quantity) VALUES ($1, 1)', [
          (JSON.parse(Buffer.from(piece).toString()) as { id: number }).id,
        ]);
      }
      if (object.key === '6.json') {
        await client.query('INSERT INTO orders (id, quantity) VALUES ($1, 1)', [6]);
      }
      return 1;
    };
    const outcomes = await bench.loader(connection, { load }).loadAll(files);
    expect(results(files, outcomes)).toEqual([
      'loaded',
      'loaded',
      'loaded',
      'rejected',
      'failed',
      'rejected',
      'loaded',
      'loaded',
      'loaded',
      'loaded',
    ]);
    expect(await bench.ids()).toEqual([1, 2, 3, 7, 8, 9, 10]);
    expect((await bench.ledger()).filter(({ status }) => status === 'rejected')).toMatchObject([
      { key: '4.json', line: 3, reason: 'not today' },
      { key: '6.json' },
    ]);
  });
});
