// A PostgreSQL server of its own for a test: the machine's binaries, an empty data directory, a free port.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './dynamodb-local.ts';

const run = promisify(execFile);

export interface PostgresServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/**
 * @param largestFileMiB maximum size of one file of the server, for tests of a full disk
 * @throws Error with a remedy when the machine has no PostgreSQL
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  largestFileMiB?: number,
): Promise<PostgresServer> {
  const bin = binaries();
  const user = unprivileged();
  const data = mkdtempSync(join(tmpdir(), 'fileworks-postgres-'));
  if (user) {
    chownSync(data, user.uid, user.gid);
  }
  // The other user may have no access to the working directory
  const options = { ...user, cwd: data };
  await run(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
      ...(largestFileMiB === undefined ? [] : ['--wal-segsize=1']),
    ],
    options,
  );
  const port = await freePort();
  const given = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const limit = largestFileMiB === undefined ? 'unlimited' : String(largestFileMiB * BLOCKS_PER_MIB);
  const server = spawn(
    'sh',
    [
      '-c',
      `ulimit -f ${limit} && exec "$@"`,
      'sh',
      join(bin, 'postgres'),
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...options, stdio: 'ignore' },
  );
  const ended = new Promise<void>((done) => server.once('exit', () => done()));
  for (let tries = 0; !(await accepts(bin, port)); tries += 1) {
    if (tries > 300 || server.exitCode !== null) {
      server.kill('SIGKILL');
      throw new Error(`PostgreSQL of ${bin} did not start on port ${port}`);
    }
    await delay(100);
  }
  return {
    connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** POSIX counts files in blocks of 512 bytes. */
const BLOCKS_PER_MIB = 2_048;

const accepts = (bin: string, port: number) =>
  run(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).then(
    () => true,
    () => false,
  );

function binaries(): string {
  if (find() === undefined)
  // Tests and benches run at the root
  {
    spawnSync('node', ['build-tools/install-from-debian.ts', 'postgresql'], { stdio: 'inherit' });
  }
  const found = find();
  if (found === undefined) {
    throw new Error(
      'PostgreSQL 13 or newer is needed for this test: install its server (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql)',
    );
  }
  return found;
}

function find(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** PostgreSQL refuses to run as root; there it runs as `nobody`. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
