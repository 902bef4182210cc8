import { createHash } from 'node:crypto';
import { insertRows, rowsOf } from './support/postgres-rows';
import { describeFormat } from './support/stored-format';
import { type LedgerFile, ledgerFile, ledgerSchema } from '../../src/runtime/database/index.js';
import { LoaderBench, orders, results } from '../runtime/jobs/load/support';

jest.setTimeout(120_000);

let bench: LoaderBench;

beforeAll(async () => {
  bench = await LoaderBench.start();
});
afterAll(() => bench.stop());

const route = {
  ...orders,
  columns: orders.columns.slice(0, 3),
  conflict: { rule: 'update' as const, key: ['id'] },
};

/** Puts an object and returns what its event, with a fixed sequencer, identifies. */
function put(key: string, content: string, sequencer: string): LedgerFile {
  const body = Buffer.from(content);
  const etag = createHash('md5').update(body).digest('hex');
  bench.s3.objects.set(`inbox/${key}`, { body, etag: `"${etag}"`, headers: {} });
  return ledgerFile({ bucket: 'inbox', key, size: body.length, etag, sequencer }, `event-${sequencer}`);
}

const putAll = () => ({
  loaded: put('1.json', bench.order(1), '10'),
  superseded: put('1.json', bench.order(1), '0f'),
  rejected: put('2.json', bench.order(2, { quantity: -1 }), '11'),
});

async function load(files: readonly LedgerFile[]) {
  const connection = bench.connection();
  try {
    return results(files, await bench.loader(connection, { routes: [route] }).loadAll(files));
  } finally {
    await connection.close();
  }
}

describeFormat({
  name: 'loader-ledger',
  closed: ['status'],
  async write() {
    await bench.empty();
    const { loaded, superseded, rejected } = putAll();
    expect(await load([loaded])).toEqual(['loaded']);
    expect(await load([superseded, rejected])).toEqual(['superseded', 'rejected']);
    // The time of the transaction
    await bench.eye.query(`UPDATE fileworks_file_ledger SET recorded_at = '2026-11-30T00:00:00Z'`);
    await bench.eye.query(`SET TIME ZONE 'UTC'`);
    return {
      schema: { statements: ledgerSchema },
      ...(await rowsOf(bench.eye, { fileworks_file_ledger: 'key, sequencer' })),
    };
  },
  async read({ schema, ...tables }) {
    const { statements } = schema as { statements: string };
    // The table of the version, which the loader may not be able to change, and the version's rows in today's table
    for (const created of [statements, ledgerSchema]) {
      await bench.empty();
      await bench.eye.query(created);
      await insertRows(bench.eye, tables);
      const { loaded, superseded, rejected } = putAll();

      // No file is loaded twice, and an older version of a key is not loaded over a newer one
      expect(await load([loaded, superseded])).toEqual(['repeated', 'superseded']);
      expect(await load([put('1.json', bench.order(1), '0e')])).toEqual(['superseded']);
      expect(await bench.ids()).toEqual([]);

      // A rejected file is loaded once its table accepts it, a newer version of a key and a new file at once
      await bench.eye.query('ALTER TABLE orders DROP CONSTRAINT orders_quantity_check');
      const files = [rejected, put('1.json', bench.order(1), '12'), put('3.json', bench.order(3), '13')];
      expect(await load(files)).toEqual(['loaded', 'loaded', 'loaded']);
      expect(await bench.ids()).toEqual([1, 2, 3]);
      expect(await bench.ledger()).toMatchObject([
        { key: '1.json', status: 'superseded' },
        { key: '1.json', status: 'superseded' },
        { key: '1.json', status: 'loaded', rows: 1 },
        { key: '1.json', status: 'loaded', rows: 1 },
        { key: '2.json', status: 'loaded', rows: 1, reason: null },
        { key: '3.json', status: 'loaded', rows: 1 },
      ]);
    }
  },
});
