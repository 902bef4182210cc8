// Asks of a migrated database what the loader and the models need of it; ends with 1 when anything is missing.
import pg from 'pg';

const checks = {
  'the loader may write orders': `SELECT has_table_privilege('loader', 'sales.orders', 'SELECT, INSERT, UPDATE')`,
  'the loader may write its ledger': `SELECT has_table_privilege('loader', 'fileworks_file_ledger', 'SELECT, INSERT, UPDATE')`,
  'the loader may not change the schema': `SELECT NOT has_schema_privilege('loader', 'sales', 'CREATE')`,
  'an order that is there can be read line by line': 'SELECT count(*) >= 0 FROM (SELECT * FROM sales.order_lines LIMIT 1) AS line',
};

const client = new pg.Client();
await client.connect();
for (const [what, sql] of Object.entries(checks)) {
  const { rows: [[ok]] } = await client.query<[boolean]>({ text: sql, rowMode: 'array' });
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}: ${what}\n`);
  if (!ok) process.exitCode = 1;
}
await client.end();
