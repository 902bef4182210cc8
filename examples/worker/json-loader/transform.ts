// Runs the models in the order of their names, in one transaction: readers see all of them as they were, or all as they are.
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const folder = new URL('models/', import.meta.url);
// where and who: the variables of libpq, PGHOST and so on
const client = new pg.Client();
await client.connect();
try {
  await client.query('BEGIN');
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
    const started = performance.now();
    await client.query(await readFile(new URL(name, folder), 'utf8'));
    process.stdout.write(`${name}: ${Math.round(performance.now() - started)} ms\n`);
  }
  await client.query('COMMIT');
} finally {
  await client.end();
}
