import { Client, Pool } from 'pg';
import { continueDispatch, writeDispatchRows } from './support/dispatch-scenario';
import { insertRows, rowsOf } from './support/postgres-rows';
import { describeFormat } from './support/stored-format';
import { dispatchSchema, PostgresStore } from '../../src/runtime/dispatch/index.js';
import { type PostgresServer, startPostgres } from '../support/postgres-server';

jest.setTimeout(240_000);

const TABLES = { fileworks_file: 'id', fileworks_head: 'sequence, slot', fileworks_key: 'key', fileworks_pause: 'id' };
let server: PostgresServer;
let databases = 0;

beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' });
});
afterAll(() => server.stop());

/** A pool of a new database, in which the statements of the schema were executed. */
async function withDatabase<T>(schema: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const name = `formats_${(databases += 1)}`;
  const admin = new Client({ connectionString: server.connectionString });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const pool = new Pool({ connectionString: server.connectionString.replace(/postgres$/, name) });
  // Connections that idle when the server stops
  pool.on('error', () => undefined);
  try {
    await pool.query(schema);
    return await use(pool);
  } finally {
    await pool.end();
  }
}

describeFormat({
  name: 'dispatch-rows-postgres',
  closed: ['status'],
  write: () =>
    withDatabase(dispatchSchema, async (pool) => {
      await writeDispatchRows(new PostgresStore({ pool }));
      return { schema: { statements: dispatchSchema }, ...(await rowsOf(pool, TABLES)) };
    }),
  async read({ schema, ...tables }) {
    const { statements } = schema as { statements: string };
    // The tables of the version are migrated
    await withDatabase(statements, async (pool) => {
      await insertRows(pool, tables);
      const store = new PostgresStore({ pool });
      await store.migrate();
      await continueDispatch(store);
    });
    // Functions and containers of the version insert into the tables of this one
    await withDatabase(dispatchSchema, async (pool) => {
      await insertRows(pool, tables);
      await continueDispatch(new PostgresStore({ pool }));
    });
  },
});
