// Checks that a migrated database meets the requirements of the loader and the models; exits with 1 if not.
import pg from 'pg';

/** One check per privilege: for a list, PostgreSQL accepts any of them. */
const mayWrite = (table: string) =>
  `SELECT bool_and(has_table_privilege('loader', '${table}', privilege)) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege`;

const checks = {
  'the loader may write orders': mayWrite('sales.orders'),
  'the loader may write its ledger': mayWrite('fileworks_file_ledger'),
  'the loader may not change the schema': `SELECT NOT has_schema_privilege('loader', 'sales', 'CREATE')`,
  'an order that is there can be read line by line':
    'SELECT count(*) >= 0 FROM (SELECT * FROM sales.order_lines LIMIT 1) AS line',
};

const client = new pg.Client();
await client.connect();
for (const [what, sql] of Object.entries(checks)) {
  const {
    rows: [[ok]],
  } = await client.query<[boolean]>({ text: sql, rowMode: 'array' });
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}: ${what}\n`);
  if (!ok) {
    process.exitCode = 1;
  }
}
await client.end();
