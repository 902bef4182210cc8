import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LOAD_ROUTES_FILE } from '../../src/contract/load-route';
import { LoaderEnv } from '../../src/contract/loader-env';
import { LoaderBench, numbers, orders } from '../runtime/jobs/load/support';

jest.setTimeout(120_000);

const bundle = resolve(__dirname, '..', '..', 'assets', 'file-loader', 'index.js');
const folder = mkdtempSync(join(tmpdir(), 'fileworks-bundle-'));
const path = (name: string) => join(folder, name);

/** What Lambda does: a process of its own, in which nothing but the bundle is there. */
async function invoke(
  events: readonly object[],
  env: Record<string, string>,
): Promise<{ answers: unknown[]; log: string }> {
  const program =
    'const { handler } = require("./index.js"); (async () => { const out = []; for (const event of JSON.parse(process.argv[1])) out.push(await handler(event, { getRemainingTimeInMillis: () => 60000 })); require("fs").writeFileSync("answers", JSON.stringify(out)); process.exit(0); })()';
  const child = spawn(process.execPath, ['-e', program, JSON.stringify(events)], { cwd: folder, env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => (log += data.toString()));
  }
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) {
    throw new Error(`the function ended with ${String(code)}:\n${log}`);
  }
  return { answers: JSON.parse(execFileSync('cat', [path('answers')], { encoding: 'utf8' })) as unknown[], log };
}

test('the bundle, by the environment and the routes that the construct writes, loads over TLS with the password of the secret', async () => {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      path('key.pem'),
      '-out',
      path('cert.pem'),
    ],
    { stdio: 'ignore' },
  );
  const bench = await LoaderBench.start();
  const secrets: Server = createServer((_, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(
      JSON.stringify({
        SecretString: JSON.stringify({
          username: 'loader',
          password: 'pass word',
          port: Number(new URL(bench.server.connectionString).port),
        }),
      }),
    );
  });
  await new Promise<void>((done) => secrets.listen(0, '127.0.0.1', done));
  try {
    await bench.useTls(path('key.pem'), path('cert.pem'));
    await bench.empty();
    await bench.eye.query(
      `CREATE ROLE loader LOGIN PASSWORD 'pass word'; GRANT INSERT ON orders TO loader; GRANT CREATE ON SCHEMA public TO loader`,
    );
    copyFileSync(bundle, path('index.js'));
    writeFileSync(
      path(LOAD_ROUTES_FILE),
      JSON.stringify([{ ...orders, schema: { properties: { id: { type: 'integer' } } } }]),
    );
    const files = await Promise.all(numbers(1, 5).map((id) => bench.put(`${id}.json`, bench.order(id))));
    const bad = await bench.put('bad.json', '{"id":"six","quantity":1}');
    const record = ({ object }: typeof bad) => ({
      messageId: object.key,
      body: JSON.stringify({ fileworksJob: 1, type: 'load', object }),
    });
    const event = { Records: [...files, bad].map(record) };
    const { answers, log } = await invoke([event, event], {
      [LoaderEnv.name]: 'bundle',
      [LoaderEnv.database]: JSON.stringify({
        secretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:loader',
        host: 'localhost',
        database: 'postgres',
      }),
      NODE_EXTRA_CA_CERTS: path('cert.pem'),
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_S3: bench.s3.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
    });
    const answer = { batchItemFailures: [{ itemIdentifier: 'bad.json' }] };
    expect(answers).toEqual([answer, answer]);
    expect(await bench.ids()).toEqual(numbers(1, 5));
    expect(log).toContain('"FilesLoaded":5');
    expect(log).toContain('"FilesRepeated":5');
    expect(log).toContain('must be integer');
    expect(log).not.toContain('pass word');
  } finally {
    await new Promise((done) => secrets.close(done));
    await bench.stop();
    rmSync(folder, { recursive: true });
  }
});
