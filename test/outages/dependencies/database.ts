// A real PostgreSQL, with a database and a login for each cell, behind a proxy that can be away or silent.
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { startTlsPostgres, type TlsPostgres } from '../../support/postgres-tls.ts';
import type { Cell } from '../cell.ts';

export class Database {
  static async start(cells: readonly Cell[]): Promise<Database> {
    const database = new Database(
      await startTlsPostgres(
        { max_connections: '200' },
        cells.map(({ id }) => id.toLowerCase()),
      ),
    );
    await database.#prepare(cells);
    return database;
  }

  readonly #proxies = new Map<string, Proxy>();

  readonly #server: TlsPostgres;

  private constructor(server: TlsPostgres) {
    this.#server = server;
  }

  /** Where the worker of a cell connects. */
  urlOf({ id }: Cell): string {
    const name = id.toLowerCase();
    return `postgres://${name}@127.0.0.1:${this.#proxies.get(id)?.port}/${name}?sslmode=no-verify`;
  }

  /** PEM of the authority of its certificate, which is for `localhost`. */
  get ca(): string {
    return this.#server.ca;
  }

  /** What a loader has loaded, each as often as it is there. */
  async loaded({ id }: Cell): Promise<string[]> {
    const client = await this.#connect(id.toLowerCase());
    const { rows } = await client.query<{ readonly id: string }>('SELECT id FROM loaded');
    await client.end();
    return rows.map((row) => row.id);
  }

  /** Begins the outage of a cell, and resolves with its end. */
  async begin({ id, form }: Cell): Promise<() => Promise<void>> {
    const name = id.toLowerCase();
    const proxy = this.#proxies.get(id);
    switch (form) {
      case 'away':
      case 'hang':
        proxy?.fail(form);
        return () => Promise.resolve(proxy?.heal());
      case 'locked': {
        const client = await this.#connect(name);
        await client.query('BEGIN; LOCK TABLE effects, loaded IN ACCESS EXCLUSIVE MODE');
        return () => client.end();
      }
      case 'out of connections':
        return this.#between(`ALTER ROLE ${name} CONNECTION LIMIT 0`, `ALTER ROLE ${name} CONNECTION LIMIT -1`);
      case 'read-only': {
        const set = (value: string) => `ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`;
        return this.#between(set('on'), set('off'));
      }
      default:
        throw new Error(`PostgreSQL has no form ${form}`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await this.#server.stop();
  }

  async #prepare(cells: readonly Cell[]): Promise<void> {
    const admin = await this.#connect('postgres');
    for (const { id } of cells) {
      const name = id.toLowerCase();
      await admin.query(`CREATE ROLE ${name} LOGIN`);
      await admin.query(`CREATE DATABASE ${name}`);
      const own = await this.#connect(name);
      await own.query(
        `CREATE TABLE effects (id text PRIMARY KEY); CREATE TABLE loaded (id text);
         GRANT ALL ON effects, loaded TO ${name}; GRANT CREATE ON SCHEMA public TO ${name}`,
      );
      await own.end();
      this.#proxies.set(id, await Proxy.listen(Number(new URL(this.#server.connectionString).port)));
    }
    await admin.end();
  }

  async #between(begin: string, end: string): Promise<() => Promise<void>> {
    await this.#query(begin);
    return () => this.#query(end);
  }

  async #query(statement: string): Promise<void> {
    const client = await this.#connect('postgres');
    await client.query(statement);
    await client.end();
  }

  async #connect(name: string): Promise<Client> {
    const client = new Client({ connectionString: this.#server.connectionString.replace(/[^/]+$/, name) });
    await client.connect();
    return client;
  }
}

/** Passes connections on, closes them, or leaves them without an answer. */
class Proxy {
  static async listen(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done));
    return proxy;
  }

  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #failure: 'away' | 'hang' | undefined;

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      this.#keep(socket);
      if (this.#failure === 'away') {
        socket.resetAndDestroy();
      } else if (this.#failure === undefined) {
        const upstream = this.#keep(connect(port, '127.0.0.1'));
        socket.pipe(upstream).pipe(socket);
        socket.once('close', () => upstream.destroy());
      }
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  fail(failure: 'away' | 'hang'): void {
    this.#failure = failure;
    this.#drop();
  }

  heal(): void {
    this.#failure = undefined;
    this.#drop();
  }

  async close(): Promise<void> {
    this.#drop();
    await new Promise((done) => this.#server.close(done));
  }

  #drop(): void {
    this.#sockets.forEach((socket) => socket.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket)));
    return socket;
  }
}
