import pg from 'pg';
import { FileworksError } from '../errors.js';
import { backoffDelay } from '../support/backoff.js';
import { cancelBackend } from './cancel-backend.js';
import { type Clock, sleep, systemClock, type Timer } from '../support/clock.js';
import type { ConnectAs } from './credentials.js';
import { faultOf } from './fault.js';

export interface LoaderConnectionOptions {
  readonly connectAs: ConnectAs;
  /** Connection timeout in milliseconds. @default 10000 */
  readonly connectTimeoutMs?: number;
  /**
   * Milliseconds after which a transaction is cancelled and its connection is closed. The server ends its statements a
   * little earlier, and after a quarter of it those that wait for a lock, at most 15 seconds. @default 60000
   */
  readonly transactionTimeoutMs?: number;
  /** Runs once on each new connection. */
  readonly prepare?: (client: pg.Client) => Promise<void>;
  readonly clock?: Clock;
}

/** The connection was lost, or could not be opened, in every attempt; `cause` is the last error. */
export class DatabaseUnavailable extends FileworksError {
  readonly code = 'ERR_DATABASE_UNAVAILABLE';
}

type Work<T> = (client: pg.Client) => Promise<T>;

const ATTEMPTS = 3;
const RETRY_MS = { base: 200, max: 400, jitter: 'equal' } as const;
/** A function that is frozen or killed during a transaction must not keep its locks. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** A table that is being migrated is tried again rather than waited for, because others wait behind a waiting lock. */
const LOCK_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUTS_IN_TRANSACTION = 4;
/** The server ends a statement before the client does, and its connection remains. */
const STATEMENT_PART = 0.9;

/**
 * One connection to PostgreSQL, opened on demand, reused, and reopened when it is lost or its credentials have changed.
 *
 * A transaction that lost its connection is run again. Transactions MUST therefore detect whether an earlier run was
 * committed, because the result of a COMMIT without a response is unknown. The ledger provides this.
 */
export class LoaderConnection {
  readonly #options: LoaderConnectionOptions;
  readonly #clock: Clock;
  #client: pg.Client | undefined;
  #connects = 0;

  constructor(options: LoaderConnectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Number of connections opened. */
  get connects(): number {
    return this.#connects;
  }

  /**
   * @throws DatabaseUnavailable, or the error of `work` if it is caused neither by the connection nor by a concurrent
   * transaction
   */
  transaction<T>(work: Work<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    return this.#attempt(async (client) => {
      // Local settings, because a pooler reuses the session for other clients
      await client.query(
        `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS};
         SET LOCAL lock_timeout = ${Math.min(LOCK_TIMEOUT_MS, Math.ceil(timeoutMs / LOCK_TIMEOUTS_IN_TRANSACTION))};
         SET LOCAL statement_timeout = ${Math.ceil(timeoutMs * STATEMENT_PART)}`,
      );
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    }, timeoutMs);
  }

  /** Runs a single statement in an implicit transaction: one round trip instead of three. Throws like `transaction`. */
  statement<T>(work: Work<T>): Promise<T> {
    return this.#attempt(work);
  }

  get #timeoutMs(): number {
    return this.#options.transactionTimeoutMs ?? 60_000;
  }

  async #attempt<T>(work: Work<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#try(work, timeoutMs);
      } catch (error) {
        const fault = faultOf(error);
        if (error instanceof DatabaseUnavailable) {
          throw error;
        }
        if (fault === 'lost' || fault === 'credentials') {
          this.#drop();
          if (attempt === ATTEMPTS) {
            throw new DatabaseUnavailable(
              `database could not be used in ${ATTEMPTS} attempts: ${(error as Error).message}`,
              { cause: error },
            );
          }
        } else if (fault !== 'race' || attempt === ATTEMPTS) {
          throw error;
        }
        await sleep(this.#clock, backoffDelay(attempt, RETRY_MS));
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #try<T>(work: Work<T>, timeoutMs: number): Promise<T> {
    const client = this.#client ?? (await this.#connect());
    // A server that disappeared does not respond: only closing the socket rejects pending queries
    const timedOut = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => {
      timedOut.abort();
      this.#drop();
      abandon(client);
    });
    try {
      return await work(client);
    } catch (error) {
      if (timedOut.signal.aborted) {
        throw new DatabaseUnavailable(`transaction took longer than ${timeoutMs} ms`, { cause: error });
      }
      if (this.#client === client) {
        await client.query('ROLLBACK').catch(() => this.#drop());
      }
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async #connect(): Promise<pg.Client> {
    try {
      return await this.#open(false);
    } catch (error) {
      if (faultOf(error) !== 'credentials') {
        throw error;
      }
      return this.#open(true);
    }
  }

  async #open(fresh: boolean): Promise<pg.Client> {
    const config = await this.#options.connectAs(fresh);
    const client = new pg.Client({
      ...config,
      keepAlive: true,
      connectionTimeoutMillis: this.#options.connectTimeoutMs ?? 10_000,
      application_name: 'fileworks-loader',
    });
    // Also between transactions, when no query is pending
    const onClosed = () => {
      if (this.#client === client) {
        this.#client = undefined;
      }
    };
    client.on('error', onClosed);
    client.on('end', onClosed);
    let timer: Timer | undefined;
    try {
      await client.connect();
      this.#connects += 1;
      timer = this.#clock.after(this.#timeoutMs, () => abandon(client));
      await this.#options.prepare?.(client);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    } finally {
      timer?.cancel();
    }
    this.#client = client;
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) {
      destroy(client);
    }
  }
}

/** Closes a connection, and ends what its backend does, which may wait for a lock. */
function abandon(client: pg.Client): void {
  destroy(client);
  void cancelBackend(client);
}

/** Not end(), which would wait for a query without a response. */
function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
