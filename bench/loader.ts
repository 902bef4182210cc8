// Loading small files into PostgreSQL: us, one file an invocation with a connection and an INSERT each, and `psql
// \copy` of the same rows in one file. `npm run bench -- loader [--json] [--files 1500] [--latency 20] [--rounds 3]
// [--only '50 KB']`. PostgreSQL is the machine's with its default settings, over TLS with SCRAM; S3 is the stub of the
// tests in a process of its own, which answers after --latency milliseconds. Handlers run in this process, warm: the
// overhead of a Lambda invocation is not counted for either side, which favours the one with a hundred times as many.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, type ClientConfig } from 'pg';
import { FileLoader, type LedgerFile, LoaderConnection, type LoadRoute, ledgerSchema } from 'fileworks-runtime/loader';
import { Ledger, MappingRouteLoader, type PreparedFile } from '../src/runtime/dist/esm/runtime/database/index.js';
import { startTlsPostgres } from '../test/support/postgres-tls.ts';
import { costs } from './loader/costs.ts';
import { Bucket } from './loader/files.ts';
import { settings, worstLag } from './loader/lag.ts';
import { median, option, Report } from './support/report.ts';

const latencyMs = Number(option('--latency', '20'));
const count = Number(option('--files', '1500'));
const rounds = Number(option('--rounds', '3'));
const BATCH = settings().batchSize;
/** Enough to measure its rate. */
const SOME = 150;

const route: LoadRoute = {
  format: 'json',
  table: 'orders',
  columns: [
    { name: 'id' },
    { name: 'customer', source: '/customer/name' },
    { name: 'placed' },
    { name: 'total' },
    { name: 'document', source: '' },
  ],
};
const tables =
  'CREATE TABLE orders (id bigint PRIMARY KEY, customer text, placed timestamptz, total numeric, document jsonb)';

// As in production: every commit waits for the disk
const server = await startTlsPostgres({ max_wal_size: '4GB' });
const bucket = await Bucket.start();
const client = new S3Client({
  endpoint: bucket.endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'stub', secretAccessKey: 'stub' },
});
const admin = new Client({ connectionString: server.connectionString });
await admin.connect();
await admin.query(`CREATE ROLE loader LOGIN PASSWORD 'loader'`);
const login: ClientConfig = {
  host: 'localhost',
  port: server.port,
  database: 'postgres',
  user: 'loader',
  password: 'loader',
  ssl: { ca: server.ca },
};
const folder = mkdtempSync(join(tmpdir(), 'fileworks-bench-loader-'));

const seconds = async (work: () => Promise<unknown>) => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
};

async function empty(): Promise<void> {
  await admin.query(
    `DROP TABLE IF EXISTS orders, fileworks_file_ledger; ${tables}; ${ledgerSchema} GRANT ALL ON ALL TABLES IN SCHEMA public TO loader; CHECKPOINT`,
  );
}

/** One warm function with one file per invocation: connect, fetch, parse, one INSERT. */
async function oneByOne(files: readonly LedgerFile[]): Promise<number> {
  await empty();
  return (
    SOME /
    (await seconds(async () => {
      for (const {
        object: { bucket: Bucket, key: Key },
      } of files.slice(0, SOME)) {
        const connection = new Client(login);
        await connection.connect();
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        const text = (await Body?.transformToString()) ?? '';
        const { id, customer, placed, total } = JSON.parse(text) as {
          id: number;
          customer: { name: string };
          placed: string;
          total: number;
        };
        await connection.query(
          'INSERT INTO orders (id, customer, placed, total, document) VALUES ($1, $2, $3, $4, $5)',
          [id, customer.name, placed, total, text],
        );
        await connection.end();
      }
    }))
  );
}

interface Ours {
  readonly filesPerSecond: number;
  readonly connections: number;
  readonly invocations: number;
  /** MiB of memory halfway and at the end. */
  readonly rss: readonly [number, number];
}

/** One warm function with a batch of files per invocation. */
async function ours(files: readonly LedgerFile[], batch: number): Promise<Ours> {
  await empty();
  const connection = new LoaderConnection({ connectAs: () => Promise.resolve(login) });
  const loader = new FileLoader({ name: 'bench', connection, client, routes: [route] });
  const rss: number[] = [];
  const taken = await seconds(async () => {
    for (let first = 0; first < files.length; first += batch) {
      const outcomes = await loader.loadAll(files.slice(first, first + batch));
      const failed = [...outcomes.values()].find(({ result }) => result !== 'loaded');
      if (failed !== undefined) {
        throw new Error('a file was not loaded', { cause: failed });
      }
      rss.push(process.memoryUsage().rss / 1024 ** 2);
    }
  });
  const { connects } = connection;
  await connection.close();
  const { rows } = await admin.query<{ count: number }>('SELECT count(*)::int FROM orders');
  if (rows[0]?.count !== files.length) {
    throw new Error(`${files.length} files were loaded, and the table has ${rows[0]?.count ?? 0} rows`);
  }
  return {
    filesPerSecond: files.length / taken,
    connections: connects,
    invocations: rss.length,
    rss: [rss[Math.floor(rss.length / 2)] ?? 0, rss.at(-1) ?? 0],
  };
}

/**
 * The database work of a batch whose files are fetched and parsed: lookup of loaded files, ledger, rows, commit.
 */
async function databasePart(files: readonly LedgerFile[], batch: number): Promise<number> {
  await empty();
  const [ledger, work, prepared] = [new Ledger('bench'), new MappingRouteLoader(route), [] as PreparedFile[]];
  for (let first = 0; first < files.length; first += BATCH) {
    prepared.push(
      ...(await Promise.all(
        files.slice(first, first + BATCH).map((file) =>
          work.prepare(file, async () => {
            const { Body } = await client.send(
              new GetObjectCommand({ Bucket: file.object.bucket, Key: file.object.key }),
            );
            return Body as unknown as AsyncIterable<Uint8Array>;
          }),
        ),
      )),
    );
  }
  const connection = new LoaderConnection({ connectAs: () => Promise.resolve(login) });
  await connection.statement((session) => session.query('SELECT'));
  const taken = await seconds(async () => {
    for (let first = 0; first < files.length; first += batch) {
      const some = prepared.slice(first, first + batch);
      await connection.statement((session) =>
        ledger.done(
          session,
          some.map(({ file }) => file),
        ),
      );
      await connection.transaction(async (session) => {
        await ledger.claim(
          session,
          some.toSorted((one, other) => (one.file.id < other.file.id ? -1 : 1)),
          work.newestWins,
        );
        await work.store(session, some);
      });
    }
  });
  await connection.close();
  return files.length / taken;
}

interface PsqlRates {
  readonly once: number;
  readonly pieces: number;
}

/**
 * The floor without S3: the rows that we have just loaded, from one file in one COPY, and from a file for each batch,
 * with a commit each.
 */
async function psqlCopy(files: number, batch: number): Promise<PsqlRates> {
  const path = join(folder, 'rows');
  const psql = (script: string) => execFileSync('psql', [server.connectionString, '-q', '-f', '-'], { input: script });
  psql(`\\copy orders TO '${path}'\n`);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const pieces = Array.from({ length: Math.ceil(lines.length / batch) }, (_, index) => `${path}.${index}`);
  pieces.forEach((piece, index) =>
    writeFileSync(piece, `${lines.slice(index * batch, (index + 1) * batch).join('\n')}\n`),
  );
  const rate = async (paths: readonly string[]) => {
    await empty();
    const script = paths.map((one) => `\\copy orders FROM '${one}'\n`).join('');
    return files / (await seconds(() => Promise.resolve(psql(script))));
  };
  return { once: await rate([path]), pieces: await rate(pieces) };
}

interface Round extends Ours, PsqlRates {
  readonly before: number;
  readonly database: number;
}

const report = new Report('loader');
const goal = (
  name: string,
  metric: string,
  own: number,
  bound: number,
  ok: boolean,
  peers: Readonly<Record<string, number>> = {},
  limit = bound,
) => report.add({ case: name, metric, ours: own, peers, limit, goal: bound, ok });

/**
 * Files, how large they are, and how many an invocation gets: the default, and what one sets where files are small.
 * Values of more than 2 KB are compressed by PostgreSQL, with pglz by default.
 */
const cases = [
  { name: '2 KB', bytes: 2_000, number: count * 4, batch: BATCH, compression: 'pglz' },
  { name: '2 KB, batchSize 500', bytes: 2_000, number: count * 4, batch: 5 * BATCH, compression: 'pglz' },
  { name: '50 KB', bytes: 50_000, number: count, batch: BATCH, compression: 'pglz' },
  { name: '50 KB, LZ4', bytes: 50_000, number: count, batch: BATCH, compression: 'lz4' },
] as const;
const only = option('--only', '');

try {
  for (const { name, bytes, number, batch, compression } of cases.filter((one) => one.name.includes(only))) {
    // For all connections from now on
    await admin.query(`ALTER DATABASE postgres SET default_toast_compression = '${compression}'`);
    const files = await bucket.fill({ count: number, bytes }, latencyMs);
    await ours(files.slice(0, 2 * batch), batch); // warm
    // In turns, because other load on the machine varies
    const measured: Round[] = [];
    while (measured.length < rounds) {
      const before = await oneByOne(files);
      const database = await databasePart(files, batch);
      measured.push({ before, database, ...(await psqlCopy(number, batch)), ...(await ours(files, batch)) });
    }
    const of = (value: (round: Round) => number) => median(measured.map(value));
    const [total, database] = [of(({ filesPerSecond }) => filesPerSecond), of((round) => round.database)];
    const ratio = of(({ filesPerSecond, before }) => filesPerSecond / before);
    const share = of((round) => round.database / round.once);
    goal(name, 'times as many files a second', ratio, 20, ratio >= 20, {
      'one an invocation, files/s': of(({ before }) => before),
      'ours, files/s': total,
    });
    goal(
      name,
      'database part, share of \\copy',
      share,
      0.5,
      share >= 0.5,
      {
        'ours, files/s': database,
        '\\copy, files/s': of(({ once }) => once),
        '\\copy of each batch, files/s': of(({ pieces }) => pieces),
      },
      1,
    );
    const [
      {
        rss: [early, late],
        connections,
        invocations,
      },
    ] = measured as [Round];
    goal(name, 'memory, end against halfway', late / early, 1.15, late / early <= 1.15, {
      'MiB halfway': early,
      'MiB at the end': late,
    });
    goal(name, 'connections', connections, 1, connections === 1);
    goal(name, 'invocations per file', invocations / number, 0.01, invocations <= number / 100, {
      'one an invocation': 1,
    });
    const lag = worstLag(10_000, total, 200, { ...settings(), batchSize: batch });
    goal(name, '10,000 files in an hour, lag in s', lag, 120, lag < 120);
    for (const row of costs(total)) {
      report.add({ case: `100,000 files a day, ${name}`, ...row });
    }
  }
} finally {
  await admin.end();
  client.destroy();
  bucket.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
}
report.end(
  `PostgreSQL of this machine with its default settings, S3 stub that answers after ${latencyMs} ms, median of ${rounds} rounds`,
);
