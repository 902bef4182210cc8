import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { DispatchSweep } from '../../src/contract/dispatch-config';
import { DispatchStateEnv } from '../../src/contract/dispatch-env';
import { dispatchSchema, type FileRow, PostgresStore } from '../../src/runtime/dispatch/index.js';
import { fileTaskHandler } from '../../src/runtime/jobs/file-task-handler.js';
import { postgresTurns, type PostgresTurns } from '../../src/runtime/jobs/postgres-turns.js';
import { silentLogger } from '../../src/runtime/support/logger.js';
import { startTlsPostgres, type TlsPostgres } from '../support/postgres-tls';
import { DispatchBench, launch, rule, s3Event } from './support/dispatch-bench';

jest.setTimeout(60_000);

/** The functions on a real database, which they log in to as on AWS: over TLS, with a secret. */
let server: TlsPostgres;
let superuser: Client;
let secrets: Server;
let turns: PostgresTurns;
let password = 'first password';
let timesAsked = 0;
const bench = new DispatchBench(() => turns);

beforeAll(async () => {
  server = await startTlsPostgres({ fsync: 'off' });
  superuser = new Client(server.connectionString);
  await superuser.connect();
  await superuser.query(
    `${dispatchSchema} CREATE ROLE dispatcher LOGIN PASSWORD '${password}'; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dispatcher`,
  );
  secrets = createServer((_, response) => {
    timesAsked += 1;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(
      JSON.stringify({ SecretString: JSON.stringify({ username: 'dispatcher', password, port: server.port }) }),
    );
  });
  await new Promise<void>((done) => secrets.listen(0, '127.0.0.1', done));
  const settings = {
    secretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:files',
    host: 'localhost',
    database: 'postgres',
    ca: server.ca,
  };
  bench.deploy(
    {
      [DispatchStateEnv.database]: JSON.stringify(settings),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
    },
    [rule('A'), rule('Q')],
    { A: launch, Q: { queueUrl: 'files', fifo: false } },
  );
  turns = postgresTurns();
}, 120_000);
afterAll(async () => {
  await turns.close();
  await superuser.end();
  await new Promise((done) => secrets.close(done));
  await server.stop();
});

const rowOf = async (key: string) =>
  ((await bench.operator({ action: 'show', bucket: 'inbox', key })) as { file: FileRow }).file;

test('the worker reports the end of its turn, and the next file of the sequence starts', async () => {
  await bench.ingress(s3Event('A/1', 10));
  await bench.ingress(s3Event('A/3', 30), s3Event('A/2', 20));
  await bench.launchAll();
  for (const turn of [0, 1, 2]) {
    expect(bench.tasks).toHaveLength(turn + 1);
    expect(bench.tasks[turn].env).toMatchObject({
      [DispatchStateEnv.wakeQueueUrl]: 'wakes',
      [DispatchStateEnv.database]: process.env[DispatchStateEnv.database],
    });
    expect(bench.tasks[turn].env).not.toHaveProperty(DispatchStateEnv.tableName);
    await expect(bench.work(bench.tasks[turn])).resolves.toBe(0);
    await bench.launchAll();
  }
  expect(bench.tasks.map(({ env }) => env.FILEWORKS_FILE_KEY)).toEqual(['A/1', 'A/2', 'A/3']);
  expect(bench.tasks.map(({ env }) => env.FILEWORKS_FILE_FENCE)).toEqual(['1', '2', '3']);
  expect(await rowOf('A/3')).toMatchObject({ status: 'completed' });
});

test('a worker of a queue reports it too', async () => {
  await bench.ingress(s3Event('Q/1', 1), s3Event('Q/2', 2));
  await bench.launchAll();
  for (const turn of [0, 1]) {
    const { payload } = JSON.parse(bench.sent[turn]) as { payload: { fileId: string } };
    await fileTaskHandler(() => Promise.resolve(turn), turns)(
      { id: `message-${turn}`, queueName: 'files', body: payload } as never,
      { signal: new AbortController().signal, log: silentLogger } as never,
    );
    await bench.launchAll();
  }
  expect(await rowOf('Q/2')).toMatchObject({ status: 'completed', result: 1 });
});

test('the sweep counts what ended and deletes what is kept long enough', async () => {
  await bench.ingress(s3Event('A/40', 40));
  await bench.launchAll();
  await bench.work(bench.tasks[0]);
  await superuser.query(`UPDATE fileworks_file SET updated_at = updated_at - 600000 WHERE object->>'key' <> 'A/40'`);
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 20_000);
  await bench.watcher(DispatchSweep);
  const counted = bench.metrics().filter(({ FilesCompleted: files }) => files !== undefined);
  expect(counted).toEqual([expect.objectContaining({ Type: 'A', FilesCompleted: 1 })]);
  expect(await rowOf('A/40')).toMatchObject({ status: 'completed' });

  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 91 * 86_400_000);
  await bench.watcher(DispatchSweep);
  jest.restoreAllMocks();
  await expect(
    superuser.query('SELECT id FROM fileworks_file UNION SELECT key FROM fileworks_key'),
  ).resolves.toMatchObject({ rowCount: 0 });
});

test('the times in which two sweeps count ended files do not overlap and leave no gap', async () => {
  const ended = jest.spyOn(PostgresStore.prototype, 'ended');
  await bench.watcher(DispatchSweep);
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 200_000);
  await bench.watcher(DispatchSweep);
  expect(ended.mock.calls[1][0]).toBe(ended.mock.calls[0][1]);
  expect(ended.mock.calls[1][1]).toBeGreaterThan(ended.mock.calls[1][0]);
});

test('connections that were lost, and a password that was rotated, cost a new connection', async () => {
  const before = timesAsked;
  password = 'second password';
  await superuser.query(`ALTER ROLE dispatcher PASSWORD '${password}'`);
  await superuser.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dispatcher'`);
  await expect(bench.ingress(s3Event('A/50', 50))).resolves.toEqual({ batchItemFailures: [] });
  await bench.launchAll();
  await expect(bench.work(bench.tasks[0])).resolves.toBe(0);
  expect(timesAsked).toBeGreaterThan(before);
  expect(JSON.stringify(bench.lines)).not.toContain('password');
});
