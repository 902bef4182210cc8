import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Client } from 'pg';
import { iamCredentials, LoaderConnection, secretCredentials } from '../../../src/runtime/database/index.js';
import { startTlsPostgres, type TlsPostgres } from '../../support/postgres-tls';

jest.setTimeout(120_000);

const secretArn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader';

let server: TlsPostgres;
let admin: Client;
let where: { host: string; port: number; database: string };
let secrets: Server;
let secret: Record<string, unknown>;
let reads = 0;
const open: LoaderConnection[] = [];

beforeAll(async () => {
  server = await startTlsPostgres({ fsync: 'off', max_connections: '40' });
  where = { host: 'localhost', port: server.port, database: 'postgres' };
  admin = new Client({ connectionString: server.connectionString });
  await admin.connect();
  await admin.query(`CREATE ROLE loader LOGIN PASSWORD 'first'`);
  secrets = createHttpServer((_, response) => {
    reads += 1;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ SecretString: JSON.stringify(secret) }));
  });
  await new Promise<void>((done) => secrets.listen(0, '127.0.0.1', done));
});
beforeEach(async () => {
  await admin.query(`ALTER ROLE loader PASSWORD 'first'`);
  secret = { username: 'loader', password: 'first', dbname: 'postgres' };
  reads = 0;
});
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));
afterAll(async () => {
  await admin.end();
  await server.stop();
  await new Promise((done) => secrets.close(done));
});

const ca = () => server.ca;
const bySecret = (more: object = { ca: ca() }) => {
  const client = new SecretsManagerClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return secretCredentials({ client, database: { secretArn, host: where.host, port: where.port, ...more } });
};
const connectionOf = (options: ConstructorParameters<typeof LoaderConnection>[0]) => {
  const made = new LoaderConnection(options);
  open.push(made);
  return made;
};
const whoAmI = (connection: LoaderConnection) =>
  connection.transaction(async (client) => {
    const { rows } = await client.query<{ name: string; ssl: boolean }>(
      'SELECT current_user AS name, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return rows[0];
  });

test('logs in with the secret over TLS, and keeps the connection', async () => {
  const connection = connectionOf({ connectAs: bySecret() });
  expect(await whoAmI(connection)).toEqual({ name: 'loader', ssl: true });
  await whoAmI(connection);
  expect([connection.connects, reads]).toEqual([1, 1]);
});

test('refuses a server with an untrusted certificate', async () => {
  await expect(whoAmI(connectionOf({ connectAs: bySecret({}) }))).rejects.toMatchObject({
    code: expect.stringMatching(/SELF_SIGNED|DEPTH_ZERO/),
  });
});

test('refuses a server whose certificate is for another name', async () => {
  await expect(whoAmI(connectionOf({ connectAs: bySecret({ host: '127.0.0.1', ca: ca() }) }))).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

test('reads the secret again when rotation has changed the password, and connects with the new one', async () => {
  const connection = connectionOf({ connectAs: bySecret() });
  await whoAmI(connection);
  secret = { ...secret, password: 'second' };
  await admin.query(`ALTER ROLE loader PASSWORD 'second'`);
  // Rotation leaves open connections alone; the next one needs the new password
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'loader'`);
  expect(await whoAmI(connection)).toMatchObject({ name: 'loader' });
  expect([connection.connects, reads]).toEqual([2, 2]);
});

test('fails with the reason, and without the password, while the secret is wrong', async () => {
  secret = { ...secret, password: 'expired' };
  const error: unknown = await whoAmI(connectionOf({ connectAs: bySecret() })).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', cause: { code: '28P01' } });
  expect(String((error as Error).stack)).not.toContain('expired');
});

test.each([
  [{ username: 'loader' }, 'password'],
  [{ password: 'x' }, 'username'],
])('names what a secret lacks, and nothing of what it holds', async (incomplete, missing) => {
  secret = { ...incomplete, dbname: 'postgres' };
  await expect(whoAmI(connectionOf({ connectAs: bySecret() }))).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining(`\`${missing}\``),
  });
});

test('logs in by IAM with a new token for each connection', async () => {
  const tokens: string[] = [];
  const sign = (as: object) => {
    tokens.push(JSON.stringify(as));
    return Promise.resolve('first');
  };
  const connection = connectionOf({
    connectAs: iamCredentials({ sign, database: { ...where, user: 'loader', ca: ca() } }),
  });
  await whoAmI(connection);
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'loader'`);
  await whoAmI(connection);
  expect(tokens).toEqual(
    Array(2).fill(JSON.stringify({ hostname: 'localhost', port: where.port, username: 'loader' })),
  );
});

describe('a table that a migration holds', () => {
  const backends = async (state = '%') => {
    // A transaction sees its first look at the backends until it asks for another
    await admin.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await admin.query<{ query: string }>(
      `SELECT query FROM pg_stat_activity WHERE application_name = 'fileworks-loader' AND state LIKE $1`,
      [state],
    );
    return rows.map(({ query }) => query);
  };
  const none = async (state?: string) => {
    for (let look = 0; look < 200 && (await backends(state)).length > 0; look += 1) {
      await delay(50);
    }
    expect(await backends(state)).toEqual([]);
  };
  const loader = (transactionTimeoutMs: number) => connectionOf({ connectAs: bySecret(), transactionTimeoutMs });

  beforeEach(async () => {
    await admin.query('CREATE TABLE held (id int); GRANT ALL ON held TO loader');
    await admin.query('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
  });
  afterEach(() => admin.query('ROLLBACK; DROP TABLE held'));

  test('ten loaders fail in time, keep one connection each, and leave no backend that waits', async () => {
    const ten = Array.from({ length: 10 }, () => loader(2_000));
    const failed = ten.map((one) => one.transaction((client) => client.query('INSERT INTO held VALUES (1)')));
    for (const one of failed) {
      await expect(one).rejects.toMatchObject({ code: '55P03' });
    }
    expect(ten.map(({ connects }) => connects)).toEqual(Array(10).fill(1));
    expect(await backends('active')).toEqual([]);
    await Promise.all(ten.map((one) => one.close()));
    await none();
  });

  test('a statement is ended by the server before its client does not wait for it any longer', async () => {
    const connection = loader(4_000);
    await expect(connection.transaction((client) => client.query('SELECT pg_sleep(600)'))).rejects.toMatchObject({
      code: '57014',
    });
    expect(connection.connects).toBe(1);
  });

  test('what the client abandons is cancelled, with TLS', async () => {
    await expect(loader(300).statement((client) => client.query('SELECT * FROM held'))).rejects.toMatchObject({
      code: 'ERR_DATABASE_UNAVAILABLE',
    });
    await none('active');
  });

  test('and without TLS', async () => {
    const connectAs = () => Promise.resolve({ connectionString: server.connectionString });
    const connection = connectionOf({ connectAs, transactionTimeoutMs: 300 });
    const preparing = connectionOf({
      connectAs,
      transactionTimeoutMs: 300,
      prepare: (client) => client.query('SELECT * FROM held').then(() => undefined),
    });
    for (const one of [connection, preparing]) {
      await expect(one.statement((client) => client.query('SELECT * FROM held'))).rejects.toMatchObject({
        code: 'ERR_DATABASE_UNAVAILABLE',
      });
    }
    await none('active');
  });
});

describe('through a network that fails', () => {
  let silent = false;
  let proxy: ReturnType<typeof createServer>;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    silent = false;
    proxy = createServer((near) => {
      const far = connect(where.port, '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket.on('error', () => undefined));
      }
      near.on('data', (data) => silent || far.write(data));
      far.on('data', (data) => silent || near.write(data));
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    sockets.clear();
    await new Promise((done) => proxy.close(done));
  });
  const through = (transactionTimeoutMs: number) =>
    connectionOf({
      connectAs: () =>
        Promise.resolve({
          host: '127.0.0.1',
          port: (proxy.address() as AddressInfo).port,
          user: 'postgres',
          database: 'postgres',
        }),
      transactionTimeoutMs,
    });

  test('aborts a transaction whose server does not respond', async () => {
    const connection = through(300);
    await expect(
      connection.transaction(async (client) => {
        silent = true;
        await client.query('SELECT 1');
      }),
    ).rejects.toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', message: expect.stringContaining('300 ms') });
    silent = false;
    expect(await whoAmI(connection)).toMatchObject({ name: 'postgres' });
  });

  test('runs a transaction again whose commit got no answer, so that the work finds out what became of it', async () => {
    await admin.query('CREATE TABLE IF NOT EXISTS once (id int PRIMARY KEY)');
    const connection = through(5_000);
    let runs = 0;
    await connection.transaction(async (client) => {
      runs += 1;
      await client.query('INSERT INTO once VALUES (1) ON CONFLICT DO NOTHING');
      if (runs > 1) {
        return;
      }
      // The answer to the commit never arrives, the commit does
      for (const socket of sockets) {
        socket.removeAllListeners('data');
      }
      const [near, far] = sockets;
      near.on('data', (data) => far.write(data));
      far.once('data', () => near.destroy());
    });
    expect(runs).toBe(2);
    expect((await admin.query('SELECT * FROM once')).rows).toEqual([{ id: 1 }]);
  });
});
