// DynamoDB Local, AWS's engine for tests, from Maven Central.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchArtifact } from './maven-artifacts.ts';

// 3.3.1 depends on AWS SDK artifacts that Maven Central does not have
const VERSION = '3.1.0';
const MAIN = 'software.amazon.dynamodb.services.local.main.ServerRunner';
/** Java starts slowly while all cores are busy with other tests. */
const START_TIMEOUT_MS = 120_000;

export interface DynamoDbLocal {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * A server that runs already, in place of one for each test file: its address in this variable.
 */
export const SHARED_DYNAMODB_LOCAL = 'FILEWORKS_DYNAMODB_LOCAL';

/** @throws Error with a remedy when there is no JDK 17 with Maven, or no way to Maven Central */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  const shared = process.env[SHARED_DYNAMODB_LOCAL];
  if (shared !== undefined) {
    return { endpoint: shared, stop: () => Promise.resolve() };
  }
  const lib = await fetchArtifact({
    name: 'DynamoDB Local',
    group: 'software.amazon.dynamodb',
    artifact: 'DynamoDBLocal',
    version: VERSION,
    hashes: resolve('test/support/dynamodb-local.sha256'),
  });
  const port = await freePort();
  const java = spawn(
    'java',
    ['-Xmx1g', `-Djava.library.path=${lib}`, '-cp', `${lib}/*`, MAIN, '-inMemory', '-port', String(port)],
    { stdio: 'ignore', cwd: tmpdir() },
  ); // it writes a file where it starts
  const ended = new Promise<void>((done) => {
    java.once('exit', () => done());
    java.once('error', () => done());
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(endpoint))) {
    if (Date.now() > deadline || java.exitCode !== null) {
      java.kill('SIGKILL');
      throw new Error(`DynamoDB Local ${VERSION} did not start on port ${port}: it needs java 17 or newer on the PATH`);
    }
    await delay(100);
  }
  return {
    endpoint,
    async stop() {
      java.kill('SIGTERM');
      await ended;
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  // An unsigned call is refused, which shows that the server runs
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') {
    throw new Error('no port');
  }
  return address.port;
}
