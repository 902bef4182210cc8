import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { bundleProgram } from '../../../support/bundle-program';
import { type PostgresServer, startPostgres } from '../../../support/postgres-server';

/** `FILEWORKS_LARGE_FILE_MB=2048 npx jest test/runtime/jobs/load/large-file` is the 2 GB of the acceptance test. */
const megabytes = Number(process.env.FILEWORKS_LARGE_FILE_MB ?? 32);
const LINE_BYTES = 1_024;
const rows = megabytes * 1_024;
const patience = 60_000 + megabytes * 300;

/** An order in a line; all lines are as long. */
function line(id: number): string {
  const [before, after] = [`{"id":${id},"customer":{"name":"Müller ${id}"},"text":"`, '"}\n'];
  return before + 'x'.repeat(LINE_BYTES - Buffer.byteLength(before) - after.length) + after;
}

function* lines(): Generator<Buffer> {
  for (let id = 1; id <= rows; id += 512) {
    yield Buffer.from(Array.from({ length: Math.min(512, rows - id + 1) }, (_, index) => line(id + index)).join(''));
  }
}

let server: PostgresServer;
let eye: Client;
let s3: Server;
const folder = mkdtempSync(join(tmpdir(), 'fileworks-large-'));

beforeAll(async () => {
  server = await startPostgres({ fsync: 'off', max_wal_size: '4GB' });
  eye = new Client({ connectionString: server.connectionString });
  await eye.connect();
  await eye.query('CREATE TABLE orders (id bigint PRIMARY KEY, customer text, document jsonb)');
  // An S3 with one generated object
  s3 = createServer((_, response) => {
    response.writeHead(200, { 'content-length': rows * LINE_BYTES, etag: '"large"' });
    pipeline(Readable.from(lines()), response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve));
}, 120_000);

afterAll(async () => {
  s3.close();
  s3.closeAllConnections();
  await eye.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test(
  `a file of ${megabytes} MB is loaded whole, in memory that does not grow with it`,
  async () => {
    const program = join(folder, 'load-large.cjs');
    bundleProgram(join(__dirname, 'load-large.ts'), program, ['pg-native']);
    const started = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
      server.connectionString,
      String(rows * LINE_BYTES),
    ]);
    const seconds = (performance.now() - started) / 1_000;
    const { outcome, memoryMiB } = JSON.parse(stdout) as { outcome: object; memoryMiB: number };
    expect(outcome).toEqual({ result: 'loaded', rows });
    const {
      rows: [found],
    } = await eye.query(`
    SELECT count(*)::int AS count, sum(id)::text AS ids, sum(octet_length(customer))::text AS names, sum(length(document ->> 'text'))::text AS texts FROM orders`);
    const expected = { names: 0, texts: 0 };
    for (let id = 1; id <= rows; id += 1) {
      expected.names += Buffer.byteLength(`Müller ${id}`);
      expected.texts += line(id).length - `{"id":${id},"customer":{"name":"Müller ${id}"},"text":""}\n`.length;
    }
    expect(found).toEqual({
      count: rows,
      ids: String((rows * (rows + 1)) / 2),
      names: String(expected.names),
      texts: String(expected.texts),
    });
    process.stdout.write(
      `${megabytes} MB, ${rows} rows, in ${seconds.toFixed(1)} s: ${(megabytes / seconds).toFixed(1)} MB a second, ${memoryMiB} MiB above idle\n`,
    );
    // 204 to 217 were seen from 512 MB to 2 GB
    expect(memoryMiB).toBeLessThan(300);
  },
  patience,
);
