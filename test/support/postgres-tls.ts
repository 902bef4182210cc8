// A PostgreSQL with TLS that requires a password of every user but `postgres`, as in production.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

export interface TlsPostgres extends PostgresServer {
  readonly port: number;
  /** PEM of the authority, which signed for `localhost`. */
  readonly ca: string;
  /** The same in a file. */
  readonly caFile: string;
}

/** @param tokenUsers users with an IAM token, which only RDS can check: here any token is accepted, over TLS */
export async function startTlsPostgres(
  settings: Readonly<Record<string, string>> = {},
  tokenUsers: readonly string[] = [],
): Promise<TlsPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-tls-'));
  const [key, caFile, hba] = ['key.pem', 'cert.pem', 'hba.conf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, '-keyout', key, '-out', caFile],
    { stdio: 'ignore' },
  );
  const trusted = ['host all postgres', ...tokenUsers.map((user) => `hostssl all ${user}`)].map(
    (user) => `${user} 127.0.0.1/32 trust\n`,
  );
  writeFileSync(hba, `${trusted.join('')}hostssl all all 127.0.0.1/32 scram-sha-256\n`);
  if (process.getuid?.() === 0) {
    // The server does not run as root
    const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
    for (const path of [folder, key, caFile, hba]) {
      chownSync(path, id('-u'), id('-g'));
    }
  }
  const server = await startPostgres({
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: caFile,
    hba_file: hba,
    ...settings,
  });
  return {
    connectionString: server.connectionString,
    port: Number(new URL(server.connectionString).port),
    ca: readFileSync(caFile, 'utf8'),
    caFile,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
