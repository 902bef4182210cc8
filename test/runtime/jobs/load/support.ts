import { createHash } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import type { LoadRoute } from '../../../../src/contract/load-route';
import { Ledger, type LedgerFile, ledgerFile, LoaderConnection } from '../../../../src/runtime/database/index.js';
import { FileLoader, type FileLoaderOptions, type FileOutcome } from '../../../../src/runtime/jobs/load/index.js';
import { type PostgresServer, startPostgres } from '../../../support/postgres-server';
import { S3Stub } from '../../../support/s3-stub';

export const orders: LoadRoute = {
  suffix: '.json',
  format: 'json',
  table: 'orders',
  columns: [
    { name: 'id' },
    { name: 'customer', source: '/customer/name' },
    { name: 'quantity' },
    { name: 'document', source: '' },
  ],
};

const tables = `
  CREATE TABLE orders (id bigint PRIMARY KEY, customer text, quantity integer NOT NULL CHECK (quantity > 0), price numeric, document jsonb, changed integer);
`;

/** A PostgreSQL that runs, an S3, and a connection of the test's own to look at the database with. */
export class LoaderBench {
  readonly client: S3Client;
  #sequencer = 0;

  private constructor(
    readonly server: PostgresServer,
    readonly s3: S3Stub,
    readonly eye: Client,
  ) {
    this.client = s3.client(1);
  }

  static async start(largestFileMiB?: number): Promise<LoaderBench> {
    const server = await startPostgres({ fsync: 'off' }, largestFileMiB);
    const eye = new Client({ connectionString: server.connectionString });
    await eye.connect();
    return new LoaderBench(server, await S3Stub.start(), eye);
  }

  async stop(): Promise<void> {
    await this.eye.end();
    await this.s3.stop();
    await this.server.stop();
  }

  /** Has the server speak TLS from now on, with this key, and ask for passwords of all but the test's own user. */
  async useTls(key: string, certificate: string): Promise<void> {
    const {
      rows: [{ data, hba }],
    } = await this.eye.query<{ data: string; hba: string }>(
      `SELECT current_setting('data_directory') AS data, current_setting('hba_file') AS hba`,
    );
    for (const [from, to] of [
      [key, 'server.key'],
      [certificate, 'server.crt'],
    ]) {
      copyFileSync(from, join(data, to));
      const { uid, gid } = statSync(data);
      chownSync(join(data, to), uid, gid);
      chmodSync(join(data, to), 0o600);
    }
    writeFileSync(hba, 'host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n');
    await this.eye.query('ALTER SYSTEM SET ssl = on');
    await this.eye.query('SELECT pg_reload_conf()');
  }

  async empty(): Promise<void> {
    this.s3.fault = () => undefined;
    await this.eye.query(`DROP TABLE IF EXISTS orders, fileworks_file_ledger; ${tables}`);
  }

  connection(connectionString = this.server.connectionString): LoaderConnection {
    const ledger = new Ledger('test');
    const connectAs = () => Promise.resolve({ connectionString });
    return new LoaderConnection({
      connectAs,
      prepare: (client) => ledger.ensure(client),
      transactionTimeoutMs: 20_000,
    });
  }

  loader(connection: LoaderConnection, options: Partial<FileLoaderOptions> = {}): FileLoader {
    return new FileLoader({
      name: 'test',
      connection,
      client: this.client,
      ...(options.load === undefined ? { routes: [orders] } : {}),
      ...options,
    });
  }

  /** Puts an object and answers what its event says. */
  async put(key: string, content: string | Buffer): Promise<LedgerFile> {
    const body = Buffer.from(content);
    await this.client.send(new PutObjectCommand({ Bucket: 'inbox', Key: key, Body: body }));
    this.#sequencer += 1;
    return ledgerFile(
      {
        bucket: 'inbox',
        key,
        size: body.length,
        etag: createHash('md5').update(body).digest('hex'),
        sequencer: this.#sequencer.toString(16),
      },
      `event-${this.#sequencer}`,
    );
  }

  /** An order as JSON, wrong where the test says so. */
  order(id: number, wrong: object = {}): string {
    return JSON.stringify({ id, customer: { name: `customer ${id}` }, quantity: 1, ...wrong });
  }

  async ids(): Promise<number[]> {
    const { rows } = await this.eye.query<{ id: string }>('SELECT id FROM orders ORDER BY id');
    return rows.map(({ id }) => Number(id));
  }

  async ledger(): Promise<Record<string, unknown>[]> {
    const { rows } = await this.eye.query<Record<string, unknown>>(
      'SELECT key, status, row_count::int AS rows, line::int, pointer, reason FROM fileworks_file_ledger ORDER BY key, sequencer',
    );
    return rows;
  }
}

export const results = (files: readonly LedgerFile[], outcomes: ReadonlyMap<string, FileOutcome>) =>
  files.map(({ id }) => outcomes.get(id)?.result);
export const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
