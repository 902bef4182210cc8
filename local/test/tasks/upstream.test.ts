import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { clientConfig, makeAccessKeys } from '../../src/clients';
import { Clock } from '../../src/clock';
import { Reaper } from '../../src/reaper';
import { Agent } from '../../src/tasks/agent';
import { Engine } from '../../src/tasks/engine';
import { readBody, sendJson } from '../../src/tasks/http';
import { until } from '../support/cloud';

/** A Docker engine that answers and remembers. */
const seen: { call: string; body: string }[] = [];
let upstream: Server;
let engine: Engine;
const logDir = join(mkdtempSync(join(tmpdir(), 'fileworks-local-engine-')), 'logs');
let socketPath: string;

beforeAll(async () => {
  mkdirSync(logDir);
  upstream = createServer((request, response) => {
    void readBody(request).then((body) => {
      seen.push({ call: `${request.method} ${request.url}`, body });
      sendJson(response, request.url?.includes('create?') ? 201 : 200, { Id: 'abc', StatusCode: 4 });
    });
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const environment = { account: '000000000000', region: 'us-east-1' };
  const clock = new Clock(1, 'real', { forward: () => Promise.resolve(), minutes: () => Promise.resolve() });
  const agent = new Agent(() => clientConfig('http://127.0.0.1:1', makeAccessKeys(), environment), clock);
  engine = new Engine({
    clock,
    tasks: { tasks: [{ image: 'mine:*', command: ['true'] }] },
    logDir,
    agent,
    reaper: new Reaper(),
    dockerHost: `tcp://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    output: () => undefined,
    line: () => undefined,
  });
  socketPath = new URL(await engine.start()).pathname;
});

afterAll(() => {
  upstream.close();
});

/** A call of the engine's API, as a Docker client makes it. */
async function call(method: string, path: string, body?: object): Promise<Response> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath, method, path: `/v1.41${path}` }, resolve).once('error', reject);
    sent.end(body && JSON.stringify(body));
  });
  const content = await buffer(answer);
  return new Response(content.length > 0 ? content : null, { status: answer.statusCode });
}

const post = (path: string, body: object = {}) => call('POST', path, body);

test('an image without entry goes to the real engine, in the network of the host and with the environment of a task', async () => {
  const created = await post('/containers/create?name=theirs', {
    Image: 'theirs:1',
    Env: ['A=1'],
    HostConfig: { NetworkMode: 'bridge' },
    Labels: {},
  });
  expect([created.status, await created.json()]).toEqual([201, { Id: 'abc', StatusCode: 4 }]);
  const body = JSON.parse(seen[0].body) as { Env: string[]; HostConfig: object };
  expect(seen[0].call).toBe('POST /v1.41/containers/create?name=theirs');
  expect(body.HostConfig).toEqual({ NetworkMode: 'host' });
  expect(body.Env).toEqual(expect.arrayContaining(['A=1', 'AWS_ENDPOINT_URL=http://127.0.0.1:1']));
  expect(body.Env.filter((pair) => pair.startsWith('PATH='))).toEqual([]);

  await post('/containers/abc/start');
  expect(await (await post('/containers/abc/wait')).json()).toMatchObject({ StatusCode: 4 });
  await post('/images/create?fromImage=theirs&tag=1');
  expect(seen.slice(1).map(({ call }) => call)).toEqual([
    'POST /v1.41/containers/abc/start',
    'POST /v1.41/containers/abc/wait',
    'POST /v1.41/images/create?fromImage=theirs&tag=1',
  ]);
});

test('an image with an entry stays here, and its output is framed as Docker frames it', async () => {
  seen.length = 0;
  const { Id: id } = (await (
    await post('/containers/create?name=mine', {
      Image: 'mine:1',
      Entrypoint: ['sh', '-c', 'echo out; echo err >&2; exit 5'],
    })
  ).json()) as { Id: string };
  expect((await post(`/containers/${id}/start`)).status).toBe(204);
  expect(await (await post(`/containers/${id}/wait`)).json()).toEqual({ StatusCode: 5 });
  const logs = Buffer.from(await (await call('GET', `/containers/${id}/logs?stdout=1&stderr=1`)).arrayBuffer());
  const frames = [
    Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, ...Buffer.from('out\n')]),
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 4, ...Buffer.from('err\n')]),
  ];
  expect(frames.every((frame) => logs.includes(frame))).toBe(true);
  expect(logs).toHaveLength(24);
  const inspected = (await (await call('GET', `/containers/${id}/json`)).json()) as { State: object };
  expect(inspected.State).toMatchObject({ Status: 'exited', Running: false, ExitCode: 5 });
  expect(seen).toEqual([]);
});

test('a call that the emulator does not make is refused by name', async () => {
  expect(await (await post('/swarm/init')).json()).toEqual({
    message: 'fileworks-local does not support POST /swarm/init',
  });
});

test.each(['', '../out', '..', 'a/b', '/absolute', 'a\\b', 'a\0b', `a${'b'.repeat(300)}`])(
  'a container cannot have the name %j, which would be the name of its log file',
  async (name) => {
    const created = await post(`/containers/create?name=${encodeURIComponent(name)}`, { Image: 'mine:1' });
    expect(created.status).toBe(400);
    expect(await created.json()).toEqual({ message: expect.stringContaining(`Invalid container name (${name})`) });
    expect(readdirSync(dirname(logDir))).toEqual(['logs']);
  },
);

test('a container with the longest name of ECS writes its log', async () => {
  const { Id: id } = (await (
    await post(`/containers/create?name=ministack-ecs-12345678-${'n'.repeat(255)}`, {
      Image: 'mine:1',
      Entrypoint: ['echo', 'long'],
    })
  ).json()) as { Id: string };
  await post(`/containers/${id}/start`);
  await post(`/containers/${id}/wait`);
  // The file is made, and written, after the container has exited
  const log = await until(() => {
    const file = readdirSync(logDir).find((name) => name.endsWith(`-${id.slice(0, 12)}.log`));
    return file === undefined ? undefined : readFileSync(join(logDir, file), 'utf8') || undefined;
  }, 'the log');
  expect(log).toBe('long\n');
});

test('only this user may enter the directory of its socket', () => {
  expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
});

test('containers of the real engine are removed when it stops', async () => {
  seen.length = 0;
  await engine.stop();
  expect(seen.map(({ call }) => call)).toEqual(['DELETE /v1.41/containers/abc?force=1']);
  expect(existsSync(dirname(socketPath))).toBe(false);
});
