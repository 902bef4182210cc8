// The work of every job: it uses the dependency of its cell once, and stores a result. What it prints is evidence.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { DependencyUnavailable } from 'fileworks-runtime';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { Client } from 'pg';

const {
  CELL = '',
  DEPENDENCY = '',
  BUCKET = '',
  TABLE = '',
  SECRET = '',
  BUS = '',
  API_URL = '',
  DATABASE_URL = '',
} = process.env;
/** A dependency that hangs is as unavailable as one that refuses. */
export const requestHandler = new NodeHttpHandler({
  connectionTimeout: 5_000,
  requestTimeout: 20_000,
  throwOnRequestTimeout: true,
});
const s3 = new S3Client({ requestHandler });
const dynamoDb = new DynamoDBClient({ requestHandler });
const secrets = new SecretsManagerClient({ requestHandler });
const events = new EventBridgeClient({ requestHandler });
const uploader = new IdempotentUploader({ client: s3 });

async function callDatabase(id: string): Promise<void> {
  const client = new Client({
    connectionString: DATABASE_URL,
    connectionTimeoutMillis: 10_000,
    query_timeout: 20_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('INSERT INTO effects (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** Kept until it is refused. */
let token: Promise<string> | undefined;

async function readToken(): Promise<string> {
  return (await secrets.send(new GetSecretValueCommand({ SecretId: SECRET }))).SecretString ?? '';
}

async function callApi(id: string, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(20_000)]);
  const headers = SECRET === '' ? {} : { authorization: `Bearer ${await (token ??= readToken())}` };
  const response = await fetch(`${API_URL}/${CELL}/${id}`, { method: 'POST', headers, signal: timeout }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new DependencyUnavailable('api', { cause: error });
    },
  );
  const text = await response.text();
  if (response.status === 401) {
    token = undefined;
  }
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (!response.ok || !isJson || text === '') {
    throw new DependencyUnavailable('api', {
      retryAfterSeconds: Number(response.headers.get('retry-after') ?? Number.NaN),
    });
  }
}

type Call = (id: string, signal: AbortSignal, source: { Bucket: string; Key: string }) => Promise<unknown>;

const calls: Readonly<Partial<Record<string, Call>>> = {
  'S3 source': async (_, abortSignal, source) => {
    const { Body: body } = await s3.send(new GetObjectCommand(source), { abortSignal });
    await body?.transformToString();
  },
  DynamoDB: (id, abortSignal) =>
    dynamoDb.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: id } } }), { abortSignal }),
  'Secrets Manager': (_, abortSignal) => secrets.send(new GetSecretValueCommand({ SecretId: SECRET }), { abortSignal }),
  EventBridge: async (id, abortSignal) => {
    const entry = { EventBusName: BUS, Source: CELL, DetailType: 'Done', Detail: JSON.stringify({ id }) };
    await events.send(new PutEventsCommand({ Entries: [entry] }), { abortSignal });
  },
  PostgreSQL: callDatabase,
  'HTTP API': callApi,
};

/** Evidence for the test. */
export const print = (outage: 'call' | 'done', id: string) =>
  process.stdout.write(`${JSON.stringify({ outage, cell: CELL, id, at: Date.now() })}\n`);

/**
 * @param source bucket of the file
 * @param key of the file
 */
export async function work(
  id: string,
  signal: AbortSignal,
  source = BUCKET,
  key = `source/${CELL}/${id}`,
): Promise<void> {
  print('call', id);
  await calls[DEPENDENCY]?.(id, signal, { Bucket: source, Key: key });
  await uploader.put({
    bucket: BUCKET,
    key: `results/${CELL}/${id}`,
    body: Buffer.from(id),
    contentType: 'text/plain',
    signal,
  });
  print('done', id);
}
