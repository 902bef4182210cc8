import { Pool } from 'pg';
import { PostgresStore } from 'fileworks-runtime/postgres';
import { Dispatcher } from '../../src/runtime/dist/esm/runtime/dispatch/index.js';
import { startPostgres } from '../../test/support/postgres-server.ts';
import { type Row, arrivalOf, atLeast, atMost } from './row.ts';

const CONNECTIONS = 24;
const SECONDS = 6;
const BACKLOGS = [1_000, 10_000, 100_000, 1_000_000];

/** Registrations in PostgreSQL, beside bare transactions with the same rows. */
export async function rates(): Promise<Row[]> {
  const server = await startPostgres({ max_wal_size: '4GB' });
  const pool = new Pool({ connectionString: server.connectionString, max: CONNECTIONS });
  pool.on('error', () => undefined);
  try {
    const store = new PostgresStore({ pool });
    await store.migrate();
    await pool.query('CREATE TABLE bare (id text PRIMARY KEY, row jsonb NOT NULL)');
    const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve() });
    const bare = (id: string) =>
      pool.query('INSERT INTO bare (id, row) VALUES ($1, $2)', [id, JSON.stringify(arrivalOf(id, 'x'))]);
    const ours = (sequences: number) => (id: string) =>
      dispatcher.register(arrivalOf(id, `invoices/${Number(id) % sequences}`));

    await perSecond(bare, 2);
    const engine = await perSecond(bare, SECONDS);
    const many = await perSecond(ours(64), SECONDS);
    const one = await perSecond(ours(1), SECONDS);
    const rows = [
      atLeast('64 sequences', 'arrivals per second', many, 1_000, {
        'bare inserts': Math.round(engine),
        ratio: Math.round((many / engine) * 100) / 100,
      }),
      atLeast('1 sequence', 'arrivals per second', one, 1_000, {
        'bare inserts': Math.round(engine),
        ratio: Math.round((one / engine) * 100) / 100,
      }),
    ];
    const byBacklog = new Map<number, number>();
    for (const backlog of BACKLOGS) {
      await fill(pool, backlog);
      await perSecond(ours(1), 1);
      byBacklog.set(backlog, await perSecond(ours(1), SECONDS));
    }
    const slowdown = (byBacklog.get(BACKLOGS[0]) ?? 0) / (byBacklog.get(BACKLOGS.at(-1) ?? 0) ?? 1);
    rows.push(
      atMost(
        'backlog of 1,000,000 against 1,000',
        'cost of an arrival, ratio',
        slowdown,
        1.25,
        Object.fromEntries([...byBacklog].map(([backlog, rate]) => [String(backlog), Math.round(rate)])),
      ),
    );
    return rows;
  } finally {
    await pool.end();
    await server.stop();
  }
}

let ids = 0;

async function perSecond(action: (id: string) => Promise<unknown>, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let done = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        await action(String((ids += 1)));
        done += 1;
      }
    }),
  );
  return done / seconds;
}

/** Fills the queue of one sequence, whose head is taken, to a length. */
async function fill(pool: Pool, backlog: number): Promise<void> {
  const {
    rows: [sample],
  } = await pool.query<{ id: string }>(
    `SELECT id FROM fileworks_file WHERE sequence = 'invoices/0' AND status = 'queued' LIMIT 1`,
  );
  const {
    rows: [{ count }],
  } = await pool.query<{ count: string }>(
    `SELECT count(*) FROM fileworks_file WHERE sequence = 'invoices/0' AND status = 'queued'`,
  );
  if (Number(count) > backlog) {
    await pool.query(
      `DELETE FROM fileworks_file WHERE id IN (SELECT id FROM fileworks_file WHERE sequence = 'invoices/0' AND status = 'queued' AND id <> $1 LIMIT $2)`,
      [sample.id, Number(count) - backlog],
    );
  } else {
    await pool.query(
      `INSERT INTO fileworks_file SELECT (jsonb_populate_record(f, jsonb_build_object('id', 'y' || n || '-' || $2::text, 'order', '2026-11-20T' || lpad(n::text, 40, '0')))).*
      FROM fileworks_file f, generate_series(1, $1) n WHERE f.id = $3`,
      [backlog - Number(count), backlog, sample.id],
    );
  }
  await pool.query('VACUUM ANALYZE fileworks_file');
  await pool.query('CHECKPOINT');
}
