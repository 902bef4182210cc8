import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { callApi } from '../../build-tools/integ/export-api';
import { bringSource } from '../../build-tools/integ/own-source';
import { freePort } from '../runtime/support/ports';

const root = resolve(__dirname, '..', '..');

/** `npm run integ`, which ends before it looks for credentials. */
function refusalOf(...args: string[]): string {
  const env = { ...process.env };
  delete env.AWS_ENDPOINT_URL;
  const program = join(root, 'build-tools', 'integ.ts');
  const { status, stderr } = spawnSync(process.execPath, [program, ...args, '--region', 'us-east-1'], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  return stderr;
}

test('a deployment without a test for an account is refused, with those that have one', () => {
  expect(refusalOf('nothing')).toContain('no test of nothing runs in an account: choose from quickstart, ');
}, 60_000);

test('the API of export-service needs an address that an account reaches', () => {
  expect(refusalOf('export-service')).toContain('name with --api-url where tasks of the account reach it');
  expect(refusalOf('export-service', '--api-url', 'ftp://name.example.com')).toContain(
    '--api-url is an address without a path, such as https://name.example.com/, got: ftp://name.example.com',
  );
  expect(refusalOf('export-service', '--api-url', 'https://name.example.com/v1/')).toContain('got: https://name');
}, 60_000);

test('the run does not begin when the address of the API leads elsewhere', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const module = join(root, 'build-tools', 'integ', 'export-api.ts');
  const check = (url: string) => {
    const program = `import { requireReachable } from ${JSON.stringify(module)};
await requireReachable({ url: ${JSON.stringify(url)}, port: ${port} });`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    return [status, stderr.trim()];
  };
  expect(check(`http://127.0.0.1:${port}/`)).toEqual([0, '']);
  expect(check(`http://127.0.0.1:${other}/`)).toEqual([
    1,
    `✖ http://127.0.0.1:${other}/ does not lead to port ${port} of this machine: start the tunnel, or correct --api-url`,
  ]);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(check(`http://127.0.0.1:${port}/`)).toEqual([1, expect.stringContaining('which is in use')]);
  server.close();
}, 60_000);

test('the stack of export-service names the API of the run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-integ-'));
  const file = 'export-service-stack.ts';
  cpSync(join(root, 'examples', 'typescript', 'export-service', file), join(folder, file));
  callApi(folder, { url: 'https://name.example.com/', port: 8087 });
  const stack = readFileSync(join(folder, file), 'utf8');
  rmSync(folder, { recursive: true });
  expect(stack).toContain('apiUrl: "https://name.example.com/",');
  expect(stack).toContain('downloader: { ...network, maxTasks: 3, maxReceiveCount: 20 },');
});

test('the builds of json-loader have the folder of the run, and its database can be removed', () => {
  const examples = mkdtempSync(join(tmpdir(), 'fileworks-integ-'));
  for (const folder of [join('typescript', 'json-loader'), join('worker', 'json-loader')]) {
    cpSync(join(root, 'examples', folder), join(examples, folder), { recursive: true });
  }
  const folder = join(examples, 'typescript', 'json-loader');
  bringSource(folder);
  const stack = readFileSync(join(folder, 'json-loader-stack.ts'), 'utf8');
  const brought = existsSync(join(folder, 'source', 'worker', 'json-loader', 'package.json'));
  rmSync(examples, { recursive: true });
  expect(stack).toContain("source: DeliverySource.folder('source'),");
  expect(stack).toContain('deletionProtection: false,\n      removalPolicy: RemovalPolicy.DESTROY,');
  expect(stack).toContain('transformSchedule: ScheduleExpression.rate(Duration.days(30)),');
  expect(stack).toMatch(/import {[^}]*RemovalPolicy[^}]*} from 'aws-cdk-lib';/);
  expect(brought).toBe(true);
});

test('a copy without the text that a run changes ends it', () => {
  const module = join(root, 'build-tools', 'integ', 'edit-file.ts');
  const program = `import { editFile } from ${JSON.stringify(module)};
editFile(${JSON.stringify(module)}, [['no such text', '']]);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect([status, stderr.trim()]).toEqual([1, `✖ ${module} has no \`no such text\``]);
});
