import { createHash, randomBytes } from 'node:crypto';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, ListClustersCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetFunctionCommand, InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { LocalCloud, type ClientConfig, type OutputEvent } from '../../src';
import { makeAccessKeys } from '../../src/clients';
import type { MiddlewareStack } from '@smithy/types';
import { APP, TASKS, TOOLS, until } from '../support/cloud';
import { createRole } from '../support/role';

jest.setTimeout(120_000);

type Credentials = ClientConfig['credentials'];

const ACCOUNT = '000000000000';
const ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});
const output: OutputEvent[] = [];

let cloud: LocalCloud;
let token: string;
let role: string;

beforeAll(async () => {
  cloud = await LocalCloud.start({
    app: APP,
    tasks: TASKS,
    toolsDir: TOOLS,
    speed: 0.1,
    on: { output: (event) => output.push(event) },
  });
  token = cloud.credentials.sessionToken;
  role = await createRole(cloud, 'any', { AWS: ACCOUNT });
  await new IAMClient(cloud.clientConfig()).send(
    new PutRolePolicyCommand({ RoleName: 'any', PolicyName: 'all', PolicyDocument: ALL }),
  );
});

afterAll(() => cloud.stop());

/** A call of each protocol, and the name of its error. */
async function outcomes(credentials: Partial<Credentials>, forge = false): Promise<Record<string, string>> {
  const config = { ...cloud.clientConfig(), credentials, maxAttempts: 1 } as ClientConfig;
  const clients = {
    s3: new S3Client(config),
    sqs: new SQSClient(config),
    dynamodb: new DynamoDBClient(config),
    lambda: new LambdaClient(config),
    sts: new STSClient(config),
    ecs: new ECSClient(config),
  };
  if (forge) {
    Object.values(clients).forEach(({ middlewareStack: stack }) =>
      forgeSignatures(stack as MiddlewareStack<object, object>),
    );
  }
  const calls: Record<string, Promise<unknown>> = {
    s3: clients.s3.send(new ListBucketsCommand({})),
    sqs: clients.sqs.send(new ListQueuesCommand({})),
    dynamodb: clients.dynamodb.send(new ListTablesCommand({})),
    lambda: clients.lambda.send(new ListFunctionsCommand({})),
    sts: clients.sts.send(new GetCallerIdentityCommand({})),
    ecs: clients.ecs.send(new ListClustersCommand({})),
  };
  const named = Object.entries(calls).map(async ([name, call]) => {
    const outcome = await call.then(
      () => 'answered',
      (error: unknown) => (error as Error).name,
    );
    return [name, outcome] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

/** Replaces what the SDK has signed, as one could who has seen key and token in a presigned URL. */
function forgeSignatures(stack: MiddlewareStack<object, object>): void {
  stack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers.authorization = headers.authorization.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`);
      return next(args);
    },
    { step: 'deserialize', priority: 'low' },
  );
}

async function session(): Promise<Credentials> {
  const sts = new STSClient(cloud.clientConfig());
  const { Credentials: made } = await sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 's' }));
  return {
    accessKeyId: made!.AccessKeyId!,
    secretAccessKey: made!.SecretAccessKey!,
    sessionToken: made!.SessionToken!,
  };
}

/** The session of a function that runs, as it would be if it followed from the names of function and role. */
async function guessed(): Promise<Credentials> {
  const lambda = new LambdaClient(cloud.clientConfig());
  const { FunctionName: name } = cloud.outputs('Pipeline');
  await lambda.send(new InvokeCommand({ FunctionName: name, Payload: '{}' }));
  const { Configuration: config } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
  const digest = createHash('sha256').update(`${config!.FunctionArn!}:${config!.Role!}`).digest('hex');
  const accessKeyId = `ASIA${digest.slice(0, 16).toUpperCase()}`;
  return { accessKeyId, secretAccessKey: digest.slice(16, 56), sessionToken: digest };
}

const UNKNOWN = {
  s3: 'InvalidAccessKeyId',
  sqs: 'InvalidClientTokenId',
  dynamodb: 'UnrecognizedClientException',
  lambda: 'UnrecognizedClientException',
  sts: 'InvalidClientTokenId',
  ecs: 'UnrecognizedClientException',
};
const WRONG_TOKEN = { ...UNKNOWN, s3: 'InvalidToken' };

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
test.each([
  [
    'the account without the token',
    () => ({ accessKeyId: ACCOUNT, secretAccessKey: cloud.credentials.secretAccessKey }),
    UNKNOWN,
  ],
  ['the keys of another start', () => ({ accessKeyId: ACCOUNT, ...makeAccessKeys() }), WRONG_TOKEN],
  [
    'an account with a token that begins alike',
    () => ({ ...cloud.credentials, sessionToken: token.slice(0, -1) }),
    WRONG_TOKEN,
  ],
  ['the keys that emulators know', () => ({ accessKeyId: 'test', secretAccessKey: 'test' }), UNKNOWN],
  ['an unknown key', () => ({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }), UNKNOWN],
  ['a session that follows from the names of a function', guessed, UNKNOWN],
  ['a session without its token', async () => ({ ...(await session()), sessionToken: undefined }), WRONG_TOKEN],
  [
    'a session with the token of another',
    async () => ({ ...(await session()), sessionToken: (await session()).sessionToken }),
    WRONG_TOKEN,
  ],
])('refuses as AWS does: %s', async (_name, credentials, errors) => {
  expect(await outcomes((await credentials()) as Credentials)).toEqual(errors);
});

test('answers the account, another account and a session with its token', async () => {
  const answered = Object.fromEntries(Object.keys(UNKNOWN).map((name) => [name, 'answered']));
  expect(await outcomes(cloud.credentials)).toEqual(answered);
  expect(await outcomes({ ...cloud.credentials, accessKeyId: '111111111111' })).toEqual(answered);
  expect(await outcomes(await session())).toEqual(answered);
});

test.each([
  ['the account', () => cloud.credentials],
  ['a session', session],
])('refuses a wrong signature with key and token of %s', async (_name, credentials) => {
  expect(await outcomes(await credentials(), true)).toEqual({
    s3: 'SignatureDoesNotMatch',
    sqs: 'SignatureDoesNotMatch',
    dynamodb: 'InvalidSignatureException',
    lambda: 'InvalidSignatureException',
    sts: 'SignatureDoesNotMatch',
    ecs: 'InvalidSignatureException',
  });
});

describe('a request without a signature', () => {
  const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0' };
  const REQUESTS: [string, string, Record<string, string>?][] = [
    ['GET', '/'],
    ['HEAD', '/bucket'],
    ['OPTIONS', '/'],
    ['POST', '/_ministack/reset'],
    ['GET', '/_ministack/health'],
    ['GET', '/_localstack/health'],
    ['GET', '/health'],
    ['GET', '/_ministack/lambda-code/any'],
    ['POST', '/', target],
    ['GET', '/?Action=ListQueues'],
    ['PUT', '/_ministack/cfn-response/any'],
    ['PUT', '/_ministack/cfn-signal/any'],
    ['GET', '/v4/any-identifier'],
    ['GET', '/v2/credentials/any'],
  ];

  test.each(REQUESTS)('is refused before anything runs: %s %s', async (method, path, headers = {}) => {
    const answer = await fetch(cloud.endpoint + path, { method, headers });
    const body = await answer.text();
    expect([answer.status, body]).toEqual(
      'x-amz-target' in headers
        ? [400, expect.stringContaining('MissingAuthenticationTokenException')]
        : [
            403,
            method === 'HEAD'
              ? ''
              : expect.stringMatching(/<Code>AccessDenied<\/Code>|MissingAuthenticationTokenException/),
          ],
    );
  });

  test('is answered with the token alone, and without headers for web pages', async () => {
    const headers = { 'x-amz-security-token': token };
    const answers = await Promise.all(
      [`/_ministack/health`, '/'].map((path) => fetch(cloud.endpoint + path, { headers })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(
      answers.flatMap((answer) => [...answer.headers.keys()]).filter((name) => /^access-control/.test(name)),
    ).toEqual([]);
  });

  test('gets no headers for web pages when it is signed either', async () => {
    const sqs = new SQSClient(cloud.clientConfig());
    let names: string[] = [];
    sqs.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        names = Object.keys((answer.response as { headers: object }).headers);
        return answer;
      },
      { step: 'deserialize', priority: 'low' },
    );
    await sqs.send(new ListQueuesCommand({}));
    expect(names).toContain('x-amzn-requestid');
    expect(names.filter((name) => /^access-control/i.test(name))).toEqual([]);
  });

  test('is not answered with the token in a header that is sent twice', async () => {
    const headers = new Headers({ 'x-amz-security-token': token });
    headers.append('x-amz-security-token', 'x');
    expect((await fetch(cloud.endpoint, { headers })).status).toBe(400);
  });
});

test('a refused upload gets the error, not a broken connection', async () => {
  const s3 = new S3Client({
    ...cloud.clientConfig(),
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  const upload = s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: randomBytes(8 * 1024 * 1024) }));
  await expect(upload).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
});

describe('a path that is a secret', () => {
  test('signals a wait condition, as a presigned URL does', async () => {
    const cloudFormation = new CloudFormationClient(cloud.clientConfig());
    const template = {
      Resources: { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
      Outputs: { Url: { Value: { Ref: 'Handle' } } },
    };
    await cloudFormation.send(new CreateStackCommand({ StackName: 'Wait', TemplateBody: JSON.stringify(template) }));
    await waitUntilStackCreateComplete({ client: cloudFormation, maxWaitTime: 60 }, { StackName: 'Wait' });
    const { Stacks: stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: 'Wait' }));
    const url = stacks![0].Outputs![0].OutputValue!;
    const body = JSON.stringify({ Status: 'SUCCESS', UniqueId: '1', Data: '', Reason: '' });
    const signal = (to: string, headers = {}) =>
      fetch(to, { method: 'PUT', body: Buffer.from(body), headers }).then(({ status }) => status);
    expect(await signal(url)).toBe(200);
    expect(await signal(`${url}0`)).toBe(403);
    expect(await signal(`${url}/../../reset`)).toBe(403);
    expect(await signal(`${url}?Action=ListQueues`)).toBe(403);
  });

  test('shows the metadata of a task to the task, and opens no other API', async () => {
    const ecs = new ECSClient(cloud.clientConfig());
    const { ClusterArn: cluster } = cloud.outputs('Pipeline');
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'worker', desiredCount: 1 }));
    const { line } = await until(
      () => output.find((event) => event.line.startsWith('{"env"')),
      'the environment of a task',
    );
    const { ECS_CONTAINER_METADATA_URI_V4: url } = (JSON.parse(line) as { env: Record<string, string> }).env;
    const status = (to: string, init?: RequestInit) => fetch(to, init).then((answer) => answer.status);
    expect(await status(`${url}/task`)).toBe(200);
    expect(await status(`${url}0`)).toBe(403);
    expect(await status(`${url}/task`, { method: 'POST' })).toBe(403);
    expect(await status(url, { headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } })).toBe(400);
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'worker', desiredCount: 0 }));
  });
});
