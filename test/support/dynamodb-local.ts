// DynamoDB Local, AWS's engine for tests, pinned and fetched from Maven Central once into .tools/.
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

// 3.3.1 depends on AWS SDK artifacts that Maven Central does not have
const VERSION = '3.1.0';
const MAIN = 'software.amazon.dynamodb.services.local.main.ServerRunner';
const run = promisify(execFile);

export interface DynamoDbLocal {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** @throws Error with a remedy when there is no JDK 17 with Maven, or no way to Maven Central */
export async function startDynamoDbLocal(): Promise<DynamoDbLocal> {
  const lib = join(await install(), 'lib');
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
  for (let tries = 0; !(await answers(endpoint)); tries += 1) {
    if (tries > 300 || java.exitCode !== null) {
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

async function install(): Promise<string> {
  const home = resolve(process.env.FILEWORKS_TOOLS_DIR ?? '.tools', `dynamodb-local-${VERSION}`);
  if (existsSync(home)) {
    return home;
  }
  const building = `${home}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  const dependency = `<dependency><groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>${VERSION}</version></dependency>`;
  writeFileSync(
    join(building, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>local</groupId><artifactId>dynamodb-local</artifactId><version>1</version><dependencies>${dependency}</dependencies></project>`,
  );
  try {
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'], {
      cwd: building,
      timeout: 600_000,
    });
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(
      'DynamoDB Local could not be fetched: install a JDK 17 or newer and Maven, and allow Maven Central',
      { cause: error },
    );
  }
  // Another process may have installed the same version in the meantime
  try {
    renameSync(building, home);
  } catch {
    rmSync(building, { recursive: true, force: true });
  }
  return home;
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
