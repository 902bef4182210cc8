import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Client } from 'pg';
import {
  DatabaseDeliveryPipeline,
  type DatabaseDeliveryPipelineProps,
  DatabaseLogin,
  DeliverySource,
} from '../../../src';
import { type BuildResult, type BuildSpec, buildSpecOf, runBuild } from '../../support/build-runner';
import { createTestApp, synth } from '../../support/cdk-stacks';
import { startTlsPostgres, type TlsPostgres } from '../../support/postgres-tls';

jest.setTimeout(120_000);

/** The commands of a project's build, as the template has them, with the database of this machine. */
function buildOf(project: 'Migration' | 'Transformation', props: Partial<DatabaseDeliveryPipelineProps>): BuildSpec {
  const app = createTestApp();
  new DatabaseDeliveryPipeline(app.stack, 'Delivery', {
    vpc: app.vpc,
    source: DeliverySource.gitHub('acme', 'shop'),
    database: DatabaseLogin.secret(Secret.fromSecretCompleteArn(app.stack, 'Secret', secretArn), {
      caCertificate: server.ca,
    }),
    migrateCommands: ['sh ./migrate.sh'],
    ...props,
  });
  return buildSpecOf(
    synth(app).findResources('AWS::CodeBuild::Project') as Parameters<typeof buildSpecOf>[0],
    `Delivery${project}`,
  );
}

const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:owner-AbCdEf';

let server: TlsPostgres;
let eye: Client;
let source: string;

/** A migration tool of a few lines: files n.up.sql and n.down.sql, of which the history has a row each. */
const tool = {
  'migrate.sh': `set -e
psql -Xqc 'CREATE TABLE IF NOT EXISTS history (id serial PRIMARY KEY, name text NOT NULL)'
for file in $(ls *.up.sql | sort -n); do
  if [ "$(psql -XAtqc "SELECT count(*) FROM history WHERE name = '$file'")" = 0 ]; then
    psql -Xq1 -v ON_ERROR_STOP=1 -f "$file" -c "INSERT INTO history (name) VALUES ('$file')"
    echo "applied $file on $PGDATABASE"
  fi
done`,
  'rollback.sh': `set -e
for file in $(psql -XAtqc "SELECT name FROM history ORDER BY id DESC LIMIT $1"); do
  psql -Xq1 -v ON_ERROR_STOP=1 -f "\${file%.up.sql}.down.sql" -c "DELETE FROM history WHERE name = '$file'"
  echo "took back $file on $PGDATABASE"
done`,
};
const withHistory = { historyTable: 'history', rollbackCommands: ['sh ./rollback.sh "$FILEWORKS_APPLIED_MIGRATIONS"'] };

beforeAll(async () => {
  server = await startTlsPostgres({ fsync: 'off' });
  const admin = new Client({ connectionString: server.connectionString });
  await admin.connect();
  await admin.query(`CREATE ROLE owner LOGIN CREATEDB PASSWORD 'it''s "secret" $HOME'`);
  await admin.query('CREATE DATABASE shop OWNER owner');
  await admin.end();
  eye = new Client({ connectionString: server.connectionString.replace(/postgres$/, 'shop') });
  await eye.connect();
});
beforeEach(async () => {
  source = mkdtempSync(join(tmpdir(), 'fileworks-source-'));
  for (const [name, text] of Object.entries(tool)) {
    writeFileSync(join(source, name), text);
  }
  add(1, 'CREATE TABLE orders (id int PRIMARY KEY)', 'DROP TABLE orders');
  await eye.query('DROP OWNED BY owner');
  await eye.query('GRANT ALL ON SCHEMA public TO owner');
});
afterEach(() => rmSync(source, { recursive: true }));
afterAll(async () => {
  await eye.end();
  await server.stop();
});

function add(number: number, up: string, down: string): void {
  writeFileSync(join(source, `${number}.up.sql`), up);
  writeFileSync(join(source, `${number}.down.sql`), down);
}
const build = (props: Partial<DatabaseDeliveryPipelineProps> = withHistory): Promise<BuildResult> =>
  runBuild(buildOf('Migration', props), source, {
    username: 'owner',
    password: `it's "secret" $HOME`,
    host: 'localhost',
    port: String(server.port),
    dbname: 'shop',
  });
const tables = async () => {
  const { rows } = await eye.query<{ name: string }>(`
    SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'history' ORDER BY 1`);
  return rows.map(({ name }) => name);
};
const databases = async () => {
  const { rows } = await eye.query<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname LIKE 'fileworks%'`,
  );
  return rows.map(({ datname }) => datname);
};

test('migrates a copy there and back, then the database, over TLS and with the password of the secret', async () => {
  const { succeeded, output } = await build();
  const order =
    /applied 1.up.sql on fileworks_copy_[^]*took back 1.up.sql on fileworks_copy_[^]*applied 1.up.sql on shop/;
  expect([succeeded, output]).toEqual([true, expect.stringMatching(order)]);
  expect(await tables()).toEqual(['orders.id']);
  expect(output).not.toContain('secret');

  add(2, 'ALTER TABLE orders ADD COLUMN total numeric', 'ALTER TABLE orders DROP COLUMN total');
  const second = await build();
  expect([second.succeeded, second.output]).toEqual([true, expect.not.stringContaining('applied 1.up.sql')]);
  expect(await tables()).toEqual(['orders.id', 'orders.total']);
  expect(await databases()).toEqual([]);
});

test('does not touch the database when a migration fails on the copy', async () => {
  await build();
  add(2, 'ALTER TABLE orders ADD COLUMN total numeric', 'ALTER TABLE orders DROP COLUMN total');
  add(3, 'ALTER TABLE nowhere ADD COLUMN x int', '');
  const { succeeded, output } = await build();
  expect([succeeded, output]).toEqual([false, expect.stringContaining('relation "nowhere" does not exist')]);
  expect(output).not.toContain('on shop');
  expect(await tables()).toEqual(['orders.id']);
  expect(await databases()).toEqual([]);
});

test('does not apply a migration that cannot be taken back to the schema of before', async () => {
  await build();
  add(
    2,
    'ALTER TABLE orders ADD COLUMN total numeric, ADD COLUMN currency text',
    'ALTER TABLE orders DROP COLUMN total',
  );
  const { succeeded, output } = await build();
  expect([succeeded, output]).toEqual([false, expect.stringContaining('leaves another schema than before')]);
  expect(output).toContain('currency text');
  expect(await tables()).toEqual(['orders.id']);
});

test('takes back what was applied when rows break a constraint, of which the copy knew nothing', async () => {
  await build();
  await eye.query('INSERT INTO orders VALUES (1), (-1)');
  add(2, 'ALTER TABLE orders ADD COLUMN total numeric', 'ALTER TABLE orders DROP COLUMN total');
  add(3, 'ALTER TABLE orders ADD CHECK (id > 0)', 'ALTER TABLE orders DROP CONSTRAINT orders_id_check');
  const { succeeded, output } = await build();
  expect([succeeded, output]).toEqual([
    false,
    expect.stringMatching(/applied 2.up.sql on shop[^]*is violated by some row[^]*took back 2.up.sql on shop/),
  ]);
  expect(await tables()).toEqual(['orders.id']);
  expect((await eye.query('SELECT id FROM orders')).rowCount).toBe(2);
});

test('takes back what was applied when the smoke test fails on the database', async () => {
  await build();
  add(2, 'ALTER TABLE orders ADD COLUMN total numeric', 'ALTER TABLE orders DROP COLUMN total');
  const { succeeded, output } = await build({ ...withHistory, smokeCommands: ['[ "$PGDATABASE" != shop ]'] });
  expect([succeeded, output]).toEqual([
    false,
    expect.stringMatching(/applied 2.up.sql on shop[^]*migrations to take back: 1[^]*took back 2.up.sql on shop/),
  ]);
  expect(await tables()).toEqual(['orders.id']);
});

test('migrates without a copy where nobody says what was applied, and fails with the first command that does', async () => {
  const plain = await build({});
  expect([plain.succeeded, plain.output]).toEqual([true, expect.stringContaining('applied 1.up.sql on shop')]);
  expect(plain.output).not.toContain('fileworks_copy');
  expect(await build({ migrateCommands: ['false', 'sh ./migrate.sh'] })).toEqual({ succeeded: false, output: '' });
  expect(await build({ installCommands: ['echo broken >&2; exit 3'] })).toEqual({
    succeeded: false,
    output: 'broken\n',
  });
});

test('transforms with the same login', async () => {
  await build();
  await eye.query('INSERT INTO orders VALUES (1), (2)');
  const spec = buildOf('Transformation', { transformCommands: [`psql -XAtqc 'SELECT sum(id) FROM orders'`] });
  const secret = {
    username: 'owner',
    password: `it's "secret" $HOME`,
    host: 'localhost',
    port: String(server.port),
    dbname: 'shop',
  };
  expect(await runBuild(spec, source, secret)).toEqual({ succeeded: true, output: '3\n' });
});
