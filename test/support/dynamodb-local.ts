// DynamoDB Local, AWS's engine for tests, fetched from Maven Central once into .tools/, each file pinned by its hash.
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

// 3.3.1 depends on AWS SDK artifacts that Maven Central does not have
const VERSION = '3.1.0';
const MAIN = 'software.amazon.dynamodb.services.local.main.ServerRunner';
/** Made for another version by `sha256sum *` in the directory `lib` of its installation. */
const HASHES = resolve('test/support/dynamodb-local.sha256');
/** Java starts slowly while all cores are busy with other tests. */
const START_TIMEOUT_MS = 120_000;
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
  try {
    verifyFiles(join(building, 'lib'), readFileSync(HASHES, 'utf8'));
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
  // Another process may have installed the same version in the meantime
  try {
    renameSync(building, home);
  } catch {
    rmSync(building, { recursive: true, force: true });
  }
  return home;
}

/** Throws unless the directory has exactly the files of the list, which `sha256sum` made, with their hashes. */
export function verifyFiles(directory: string, list: string): void {
  const expected = new Map(
    list
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  const names = new Set([...expected.keys(), ...readdirSync(directory)]);
  const wrong = [...names].filter((name) => expected.get(name) !== hashOf(join(directory, name)));
  if (wrong.length > 0) {
    throw new Error(
      `DynamoDB Local: ${wrong.join(', ')} in ${directory}: not the files whose hashes are in ${HASHES}; they are damaged, or not what AWS published: delete them from ~/.m2/repository, and fetch them from a repository that you trust`,
    );
  }
}

function hashOf(file: string): string | undefined {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined;
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
