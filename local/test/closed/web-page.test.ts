import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { LocalCloud } from '../../src';
import { ControlServer } from '../../src/control-server';
import { APP, running, TASKS, TOOLS, until } from '../support/cloud';
import { createRole } from '../support/role';
import { listening } from '../support/listening';

jest.setTimeout(180_000);

/** A custom runtime, which answers with the address of the runtime API that it polls. */
const BOOTSTRAP = `#!${process.execPath}
(async () => {
  const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
  for (;;) {
    const id = (await fetch(api + 'next')).headers.get('lambda-runtime-aws-request-id');
    await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify(process.env.AWS_LAMBDA_RUNTIME_API) });
  }
})();
`;

let cloud: LocalCloud;
let control: ControlServer;
let lambda: LambdaClient;
let s3: S3Client;
let sqs: SQSClient;
/** URLs of every server of this cloud. */
let servers: { aws: string; control: string; agent: string; runtime: string };

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: APP, tasks: TASKS, toolsDir: TOOLS, speed: 0.1 });
  const config = cloud.clientConfig();
  [lambda, s3, sqs] = [new LambdaClient(config), new S3Client(config), new SQSClient(config)];
  control = new ControlServer(cloud);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'custom',
      Runtime: 'provided.al2023',
      Handler: 'bootstrap',
      Role: await createRole(cloud, 'custom', { Service: 'lambda.amazonaws.com' }),
      Code: { ZipFile: await zipped('bootstrap', BOOTSTRAP) },
    }),
  );
  servers = {
    aws: cloud.endpoint,
    control: await control.start(),
    agent: new URL(await agentOfATask()).origin,
    runtime: `http://${await runtimeApi()}`,
  };
});

afterAll(async () => {
  [lambda, s3, sqs].forEach((client) => client.destroy());
  await control.stop();
  await cloud.stop();
});

async function zipped(name: string, content: string): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(content), name, { mode: 0o100755 });
  zip.end();
  return buffer(zip.outputStream);
}

async function runtimeApi(): Promise<string> {
  const { Payload: payload } = await lambda.send(new InvokeCommand({ FunctionName: 'custom' }));
  return JSON.parse(Buffer.from(payload!).toString()) as string;
}

/** `ECS_AGENT_URI` of a running task. */
async function agentOfATask(): Promise<string> {
  const ecs = new ECSClient(cloud.clientConfig());
  const { ClusterArn: cluster } = cloud.outputs('Pipeline');
  await ecs.send(new UpdateServiceCommand({ cluster, service: 'worker', desiredCount: 1 }));
  ecs.destroy();
  const [task] = await until(() => running(cloud).length === 1 && running(cloud), 'a task');
  await until(
    () => cloud.calls().some(({ action }) => action === 'ecs:GetTaskProtection'),
    'the last call that it makes',
  );
  const { pid } = await until(() => task.processes.at(0), 'its process');
  const environment = readFileSync(`/proc/${String(pid)}/environ`, 'utf8').split('\0');
  return environment.find((pair) => pair.startsWith('ECS_AGENT_URI='))!.slice('ECS_AGENT_URI='.length);
}

/** What a stranger could change, as the owner sees it. */
async function state(): Promise<unknown> {
  const [{ Functions: functions }, { Buckets: buckets }, { QueueUrls: queues }] = await Promise.all([
    lambda.send(new ListFunctionsCommand({})),
    s3.send(new ListBucketsCommand({})),
    sqs.send(new ListQueuesCommand({})),
  ]);
  return {
    functions: functions?.map(({ FunctionName: name }) => name),
    buckets: buckets?.map(({ Name: name }) => name),
    queues,
    tasks: cloud.tasks().map(({ taskArn, lastStatus }) => [taskArn, lastStatus]),
    outside: existsSync(join(dirname(cloud.logDir), 'stolen.log')),
  };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

const FORGED =
  'AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
const PRESIGNED = new URLSearchParams({
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': '000000000000/20260101/us-east-1/s3/aws4_request',
  'X-Amz-Date': '20260101T000000Z',
  'X-Amz-Expires': '604800',
  'X-Amz-SignedHeaders': 'host',
  'X-Amz-Signature': '0',
}).toString();

/** Calls that would read or change something. */
function calls(): Record<keyof typeof servers, Call[]> {
  const form = 'application/x-www-form-urlencoded';
  const stolen = JSON.stringify({ FunctionName: 'stolen', Runtime: 'nodejs22.x', Role: 'r', Handler: 'i.h', Code: {} });
  return {
    aws: [
      { method: 'GET', path: '/' },
      { method: 'GET', path: '/_ministack/health' },
      { method: 'GET', path: '/_localstack/health' },
      { method: 'GET', path: '/_ministack/sqs/messages' },
      { method: 'GET', path: '/_ministack/lambda-code/custom' },
      { method: 'GET', path: '/?Action=CreateQueue&QueueName=stolen' },
      { method: 'GET', path: `/?${PRESIGNED}` },
      { method: 'PUT', path: '/stolen' },
      { method: 'PUT', path: '/stolen', headers: { authorization: FORGED } },
      { method: 'PUT', path: `/stolen?${PRESIGNED}` },
      { method: 'POST', path: '/', type: form, body: 'Action=CreateQueue&QueueName=stolen' },
      { method: 'POST', path: '/2015-03-31/functions', type: 'application/json', body: stolen },
      { method: 'POST', path: '/2015-03-31/functions/custom/invocations', type: 'application/json', body: '{}' },
      { method: 'POST', path: '/_ministack/reset' },
      { method: 'OPTIONS', path: '/' },
    ],
    control: [
      { method: 'GET', path: '/tasks' },
      { method: 'GET', path: '/calls' },
      {
        method: 'POST',
        path: '/faults/refusePlacements',
        type: 'application/json',
        body: '{"count":9}',
      },
    ],
    agent: [
      { method: 'GET', path: '/version' },
      { method: 'GET', path: '/containers/json?all=1' },
      { method: 'POST', path: '/containers/create?name=../stolen', type: 'application/json', body: '{"Image":"i"}' },
      { method: 'GET', path: '/credentials/x' },
    ],
    runtime: [
      { method: 'GET', path: '/2018-06-01/runtime/invocation/next' },
      { method: 'POST', path: '/2018-06-01/runtime/init/error', type: 'application/json', body: '{}' },
    ],
  };
}

/** The answer to a request as it is written here; Node's client would not send such headers. */
async function raw(server: string, head: readonly string[], body = ''): Promise<{ status: number; text: string }> {
  const socket = connect(Number(new URL(server).port), '127.0.0.1');
  socket.write(
    `${[...head, `content-length: ${Buffer.byteLength(body)}`, 'connection: close'].join('\r\n')}\r\n\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  const ended = new Promise((done) => socket.once('close', done));
  socket.on('data', (data: Buffer) => chunks.push(data)).on('error', () => undefined);
  // A poll of the runtime API that was let in would not end
  const timer = setTimeout(() => socket.destroy(), 5000);
  await ended;
  clearTimeout(timer);
  const text = Buffer.concat(chunks).toString();
  return { status: Number(text.split(' ')[1]), text };
}

test('the cloud listens on these addresses alone, all of this machine', () => {
  expect(listening(process.pid)).toEqual(
    Object.values(servers)
      .map((server) => new URL(server).host)
      .sort(),
  );
});

describe('a page of another origin in a browser', () => {
  const page = createServer();
  let before: unknown;
  let recorded: number;
  let result: { browser: string; attempts: number; read: string[] };
  let refuse: jest.SpyInstance;

  beforeAll(async () => {
    const attacks = Object.entries(calls()).map(([name, list]) => ({
      origin: servers[name as keyof typeof servers],
      calls: list,
    }));
    const script = readFileSync(join(__dirname, 'stranger.js'), 'utf8');
    page.on('request', (_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><body><script>window.targets=${JSON.stringify(attacks)};${script}</script>`);
    });
    await new Promise<void>((done) => page.listen(0, '127.0.0.1', done));
    refuse = jest.spyOn(cloud.faults, 'refusePlacements');
    before = await state();
    // Calls are recorded in their order, and later than they are answered
    await lambda.send(new GetFunctionCommand({ FunctionName: 'custom' }));
    recorded = await until(
      () => cloud.calls().findIndex(({ action }) => action === 'lambda:GetFunction') + 1 || undefined,
      'the record of the last call',
    );
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(__dirname, 'browser.ts'),
      `http://127.0.0.1:${(page.address() as AddressInfo).port}`,
      resolve(TOOLS, 'chromium'),
    ]);
    result = JSON.parse(stdout) as typeof result;
  });

  afterAll(() => void page.close());

  test('reads nothing', () => {
    expect(result.attempts).toBeGreaterThan(150);
    expect(result.read).toEqual([]);
  });

  test('changes nothing', async () => {
    expect(cloud.calls().slice(recorded)).toEqual([]);
    expect(refuse).not.toHaveBeenCalled();
    expect(await state()).toEqual(before);
    expect(servers.runtime).toBe(`http://${await runtimeApi()}`);
  });
});

describe('a name that resolves to this machine, as after DNS rebinding', () => {
  const HOSTS = [
    'attacker.example',
    '127.0.0.1.attacker.example',
    'localhost.attacker.example',
    '0.0.0.0',
    'localhost@x',
    '',
  ];

  test.each(['aws', 'control', 'agent', 'runtime'] as const)(
    'is refused by the server %s, with any path',
    async (name) => {
      const { port } = new URL(servers[name]);
      const seen = [];
      for (const { method, path, body = '' } of calls()[name]) {
        for (const host of HOSTS) {
          // The page is of the same origin then, so that its browser sends no Origin with GET
          const token = `x-amz-security-token: ${cloud.credentials.sessionToken}`;
          const bearer = `authorization: Bearer ${cloud.credentials.sessionToken}`;
          const head = [`${method} ${path} HTTP/1.1`, `host: ${host}:${port}`, token, bearer];
          const { status, text } = await raw(servers[name], head, body);
          seen.push([status, /access-control/i.test(text)]);
        }
      }
      expect(new Set(seen.map((pair) => JSON.stringify(pair)))).toEqual(new Set(['[403,false]']));
    },
  );

  test.each(['aws', 'control', 'agent', 'runtime'] as const)(
    'a request without a host is refused by the server %s',
    async (name) => {
      const { status } = await raw(servers[name], ['GET / HTTP/1.0']);
      expect(status).toBe(403);
    },
  );
});
