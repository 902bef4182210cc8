import pg from 'pg';
import type { ConnectAs } from './credentials.js';
import { faultOf } from './fault.js';

export interface RenewingPoolOptions {
  /** Provides the credentials; called at the first query. */
  readonly logIn: () => Promise<ConnectAs>;
  /** 1 or more. */
  readonly maxConnections: number;
}

const ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that disappeared does not respond. */
const QUERY_TIMEOUT_MS = 30_000;
/** Shorter than the 350 seconds after which the network of a Lambda function drops an idle connection. */
const IDLE_TIMEOUT_MS = 60_000;

/**
 * A connection pool for PostgreSQL that recovers from lost connections: a frozen function, a failover, a rotated
 * password.
 *
 * A query that lost its connection is run again and can take effect twice: it MUST be idempotent, such as a conditional
 * write. Queries on a connection from `connect` are not repeated.
 */
export class RenewingPool {
  readonly #options: RenewingPoolOptions;
  #pool: Promise<pg.Pool> | undefined;

  constructor(options: RenewingPoolOptions) {
    this.#options = options;
  }

  /** @throws the error of the query, or of the last of three connections that were lost or refused */
  async query(text: string, values?: unknown[]): Promise<pg.QueryResult<Record<string, unknown>>> {
    return this.#try((pool) => pool.query<Record<string, unknown>>(text, values));
  }

  async connect(): Promise<pg.PoolClient> {
    return this.#try((pool) => pool.connect());
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool)?.end();
  }

  async #try<T>(action: (pool: pg.Pool) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const opening = (this.#pool ??= this.#open(false));
      try {
        return await action(await opening);
      } catch (error) {
        const fault = faultOf(error);
        if ((fault !== 'lost' && fault !== 'credentials') || attempt === ATTEMPTS) {
          throw error;
        }
        if (fault === 'credentials' && this.#pool === opening) {
          this.#pool = this.#open(true);
          void opening.then(
            (old) => old.end(),
            () => undefined,
          );
        }
      }
    }
  }

  async #open(fresh: boolean): Promise<pg.Pool> {
    try {
      const connectAs = await this.#options.logIn();
      const config = await connectAs(fresh);
      const pool = new pg.Pool({
        ...config,
        // An IAM token is valid for 15 minutes, and each new connection needs a valid one
        password: async () => String((await connectAs(false)).password),
        max: this.#options.maxConnections,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        idleTimeoutMillis: IDLE_TIMEOUT_MS,
        query_timeout: QUERY_TIMEOUT_MS,
        allowExitOnIdle: true,
      });
      // A lost connection fails its query; without a listener it would also end the process
      pool.on('error', () => undefined);
      pool.on('connect', (client) => client.on('error', () => undefined));
      return pool;
    } catch (error) {
      this.#pool = undefined;
      throw error;
    }
  }
}
