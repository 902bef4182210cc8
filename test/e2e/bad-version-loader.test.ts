import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { LoaderEnv } from '../../src/contract/loader-env';
import { startTlsPostgres, type TlsPostgres } from '../support/postgres-tls';
import { denied } from './support/bad-version';
import { until } from './support/deployment';
import { Rollout } from './support/rollout';
import { secondVersion, type Template } from './support/second-version';

const MIGRATIONS = resolve(__dirname, '..', '..', 'examples', 'worker', 'json-loader', 'migrations');
/** Functions and leases are in real time. */
const TIMEOUT_SECONDS = 6;
const VISIBILITY_SECONDS = TIMEOUT_SECONDS + 1;

/** What bad versions of the function write when they are invoked. */
const marks = mkdtempSync(join(tmpdir(), 'fileworks-invoked-'));
const mark = (version: string) => `require('node:fs').writeFileSync(${JSON.stringify(join(marks, version))}, '');`;
const invoked = (version: string) =>
  until(`the ${version} function to be invoked`, 60, () => existsSync(join(marks, version)) || undefined);

const crashing = (app: string) =>
  secondVersion(app, { version: 'crashing', code: `${mark('crashing')} throw new Error('a bad version');` });
const hanging = (app: string) =>
  secondVersion(app, {
    version: 'hanging',
    code: `module.exports = { handler: () => new Promise(() => { ${mark('hanging')} setInterval(() => undefined, 1_000); }) };`,
  });

describe('json-loader, updated to a bad version while it loads', () => {
  let server: TlsPostgres;
  let rollout: Rollout;
  let database: Client;
  let outputs: Readonly<Record<string, string>>;
  const uploaded: number[] = [];

  const put = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const id = uploaded.push(uploaded.length + 1);
      const order = {
        id,
        customer: { id: `customer ${id}` },
        placed_at: '2026-11-21T06:00:00.000Z',
        currency: 'EUR',
        total: id,
        updated_at: '2026-11-21T06:00:00.000Z',
        lines: [{ article: 'a', quantity: 1, price: 1 }],
      };
      await rollout.putBody(outputs.InboxBucket, `orders/${id}.json`, JSON.stringify(order));
    }
  };
  const loaded = async () => {
    const { rows } = await database.query<{ id: string }>('SELECT id FROM sales.orders ORDER BY id');
    return rows.map(({ id }) => Number(id));
  };

  beforeAll(async () => {
    server = await startTlsPostgres({ fsync: 'off' }, ['loader']);
    const admin = new Client({ connectionString: server.connectionString });
    await admin.connect();
    await admin.query('CREATE DATABASE sales');
    await admin.end();
    database = new Client({ connectionString: server.connectionString.replace(/postgres$/, 'sales') });
    await database.connect();
    for (const name of readdirSync(MIGRATIONS).toSorted()) {
      await database.query(readFileSync(join(MIGRATIONS, name), 'utf8').split('-- Down Migration')[0]);
    }
    rollout = await Rollout.start('json-loader', 'bad-json-loader', { speed: 60, adapt: here });
    outputs = rollout.cloud.outputs('JsonLoader');
  }, 600_000);

  /** The database of the template is on AWS; this one has another address, and its own certificate authority. */
  function here(text: string): string {
    const template = JSON.parse(text) as Template;
    for (const [id, { Type: type, Properties: properties }] of Object.entries(template.Resources)) {
      if (type === 'AWS::Lambda::Function' && id.startsWith('LoaderFunction')) {
        const { Environment: environment } = properties as { Environment: { Variables: Record<string, string> } };
        const { port, ca } = server;
        const login = { host: 'localhost', port, ca, database: 'sales', user: 'loader' };
        environment.Variables[LoaderEnv.database] = JSON.stringify(login);
        Object.assign(properties, { Timeout: TIMEOUT_SECONDS });
      } else if (type === 'AWS::SQS::Queue' && id.startsWith('LoaderQueue')) {
        Object.assign(properties, { VisibilityTimeout: VISIBILITY_SECONDS });
      }
    }
    return JSON.stringify(template);
  }

  afterAll(async () => {
    await rollout.stop();
    await database.end();
    await server.stop();
    rmSync(marks, { recursive: true });
  }, 60_000);

  afterEach(async () => {
    await until('all orders', 90, async () => ((await loaded()).length >= uploaded.length ? true : undefined));
    expect(await loaded()).toEqual(uploaded);
    const { rows } = await database.query(
      'SELECT status, count(*)::int, sum(row_count)::int FROM fileworks_file_ledger GROUP BY 1',
    );
    expect(rows).toEqual([{ status: 'loaded', count: uploaded.length, sum: uploaded.length }]);
    expect(await rollout.inQueue(outputs.DeadLetterQueueUrl)).toBe(0);
  }, 120_000);

  test('that crashes: its messages are received again after the rollback', async () => {
    await put(5);
    await rollout.cloud.update(crashing(rollout.app));
    await put(5);
    await invoked('crashing');
    await rollout.cloud.update(rollout.app);
    await put(2);
  }, 120_000);

  test('that may not read files: they wait on the queue, and are loaded after the rollback', async () => {
    await rollout.cloud.update(denied(rollout.app, /^LoaderFunctionRole/, 's3:GetObjectVersion'));
    await put(3);
    await until('the denial', 60, () => rollout.cloud.denials().find(({ action }) => action === 's3:GetObjectVersion'));
    await rollout.cloud.update(rollout.app);
    await put(2);
    expect(await rollout.inQueue(outputs.DeadLetterQueueUrl)).toBe(0);
  }, 120_000);

  test('that hangs: its messages are received again after the rollback', async () => {
    await rollout.cloud.update(hanging(rollout.app));
    await put(3);
    await invoked('hanging');
    await rollout.cloud.update(rollout.app);
    await put(2);
  }, 120_000);
});
