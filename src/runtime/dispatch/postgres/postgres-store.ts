import { type Statement, fileColumns, fromRow, statements } from './statements.js';
import { dispatchSchema } from './schema.js';
import { type FileRow, type FileStatus, type HeadRow, type KeyRow, type PauseRow, type QueuedFile } from '../rows.js';
import { type DispatchStore, type FailedFile, type QueuePosition, type Write } from '../store.js';

/** The subset of a `pg` connection that the store uses. */
export interface PostgresConnection {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount: number | null }>;
}

/** The subset of a `pg.Pool` that the store uses. It must connect to the primary; isolation is read committed. */
export interface PostgresPool extends PostgresConnection {
  connect(): Promise<PostgresConnection & { release(error?: boolean): void }>;
}

/** Serialization failure, deadlock, unique violation: a concurrent commit was first. */
const LOST_RACE = new Set(['40001', '40P01', '23505']);
const PAGE = 500;
/** Connections that may be closed after idling before one is new. */
const CONNECTIONS_TO_TRY = 3;
/** A function that is frozen or killed during a transaction must not keep its locks. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 30000';
/** Rows deleted in one statement, so that locks are held briefly. */
const EXPIRED_AT_ONCE = 10_000;

/** Number of files of a type that ended with a status. */
export interface EndedFiles {
  readonly type: string;
  readonly status: Extract<FileStatus, 'completed' | 'skipped' | 'parked'>;
  readonly files: number;
}

/** Stores rows in PostgreSQL. You provide a `pg.Pool`; `migrate()` creates the tables of `dispatchSchema`. */
export class PostgresStore implements DispatchStore {
  readonly #pool: PostgresPool;

  constructor(options: { readonly pool: PostgresPool }) {
    this.#pool = options.pool;
  }

  /** Creates missing tables. */
  async migrate(): Promise<void> {
    await this.#pool.query(dispatchSchema);
  }

  async file(id: string): Promise<FileRow | undefined> {
    return this.#one<FileRow>(`SELECT ${fileColumns} FROM fileworks_file WHERE id = $1`, [id]);
  }

  async heads(sequence: string): Promise<readonly HeadRow[]> {
    const { rows } = await this.#pool.query(
      'SELECT sequence, slot, version, holder, last, appended FROM fileworks_head WHERE sequence = $1 ORDER BY slot',
      [sequence],
    );
    return rows.map((row) => fromRow(row) as unknown as HeadRow);
  }

  async key(bucket: string, key: string): Promise<KeyRow | undefined> {
    return this.#one<KeyRow>(
      'SELECT bucket, key, version, created, deleted, file, updated_at FROM fileworks_key WHERE bucket = $1 AND key = $2',
      [bucket, key],
    );
  }

  async pauses(): Promise<PauseRow | undefined> {
    return this.#one<PauseRow>('SELECT version, scopes, groupings FROM fileworks_pause', []);
  }

  async queued(sequence: string, limit: number, after?: QueuePosition): Promise<readonly QueuedFile[]> {
    const { rows } = await this.#pool.query(
      `SELECT id, type, status, sequence, "order", slots, rev, epoch, attempts, not_before, fence, sequence_part FROM fileworks_file
       WHERE sequence COLLATE "C" = $1 AND status = 'queued'${after === undefined ? '' : ` AND ("order", id COLLATE "C") > ($3, $4)`}
       ORDER BY "order", id COLLATE "C" LIMIT $2`,
      [sequence, limit, ...(after === undefined ? [] : [after.order, after.id])],
    );
    return rows.map((row) => fromRow(row) as unknown as QueuedFile);
  }

  async lastQueued(sequence: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query(
      `SELECT "order" FROM fileworks_file WHERE sequence COLLATE "C" = $1 AND status = 'queued' ORDER BY "order" DESC, id COLLATE "C" DESC LIMIT 1`,
      [sequence],
    );
    return rows.at(0)?.order as string | undefined;
  }

  async commit(writes: readonly Write[]): Promise<boolean> {
    const all = statements(writes);
    try {
      return all.length === 1 ? await holds(this.#pool, all[0]) : await this.#transaction(all);
    } catch (error) {
      if (LOST_RACE.has((error as { code?: string }).code ?? '')) {
        return false;
      }
      throw error;
    }
  }

  async *dueFiles(now: number): AsyncGenerator<string> {
    let after: [number, string] = [-1, ''];
    for (;;) {
      const { rows } = await this.#pool.query(
        `SELECT id, due_at FROM fileworks_file WHERE status IN ('starting', 'running', 'waiting') AND due_at <= $1 AND (due_at, id) > ($2, $3)
         ORDER BY due_at, id LIMIT ${PAGE}`,
        [now, ...after],
      );
      for (const row of rows) {
        yield row.id as string;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) {
        return;
      }
      after = [Number(last.due_at), last.id as string];
    }
  }

  /** Skips from one sequence to the next regardless of queue lengths. */
  async *backlog(after?: string, toEnd = false): AsyncGenerator<{ sequence: string; first: string }> {
    yield* this.#backlogBetween(after ?? '');
    if (after !== undefined && !toEnd) {
      yield* this.#backlogBetween('', after);
    }
  }

  async *#backlogBetween(from: string, to?: string): AsyncGenerator<{ sequence: string; first: string }> {
    for (let after = from; ;) {
      const { rows } = await this.#pool.query(
        `SELECT sequence, id FROM fileworks_file WHERE status = 'queued' AND sequence COLLATE "C" > $1 AND ($2::text IS NULL OR sequence COLLATE "C" <= $2)
         ORDER BY sequence COLLATE "C", "order", id COLLATE "C" LIMIT 1`,
        [after, to ?? null],
      );
      const row = rows.at(0);
      if (row === undefined) {
        return;
      }
      after = row.sequence as string;
      yield { sequence: after, first: row.id as string };
    }
  }

  async *listFailed(
    status: 'waiting' | 'blocked' | 'parked',
    type?: string,
    after?: FailedFile & QueuePosition,
  ): AsyncGenerator<FailedFile> {
    for (let last = after; ;) {
      const { rows } = await this.#pool.query(
        `SELECT id, type, "order" FROM fileworks_file WHERE status = $1 AND ($2::text IS NULL OR type = $2)
           AND ($3::text IS NULL OR (type, "order", id) > ($3, $4, $5)) ORDER BY type, "order", id LIMIT ${PAGE}`,
        [status, type ?? null, last?.type ?? null, last?.order ?? null, last?.id ?? null],
      );
      const files = rows as unknown as (FailedFile & QueuePosition)[];
      yield* files.map(({ id, type: of }) => ({ id, type: of }));
      last = files.at(-1);
      if (files.length < PAGE) {
        return;
      }
    }
  }

  /**
   * Deletes completed and skipped files, and key rows, that have not changed since `before`: the oldest 10,000 of each.
   * Call it periodically.
   */
  async expire(before: number): Promise<void> {
    await this.#pool.query(
      `DELETE FROM fileworks_file WHERE id IN (
         SELECT id FROM fileworks_file WHERE status IN ('completed', 'skipped') AND updated_at < $1 ORDER BY updated_at LIMIT ${EXPIRED_AT_ONCE})`,
      [before],
    );
    await this.#pool.query(
      `DELETE FROM fileworks_key WHERE (bucket, key) IN (SELECT bucket, key FROM fileworks_key WHERE updated_at < $1 ORDER BY updated_at LIMIT ${EXPIRED_AT_ONCE})
         AND updated_at < $1`,
      [before],
    );
  }

  /** Number of files that ended in a time range, by the clocks of the writers. */
  async ended(from: number, to: number): Promise<readonly EndedFiles[]> {
    const { rows } = await this.#pool.query(
      `SELECT type, status, count(*)::integer AS files FROM fileworks_file
       WHERE status IN ('completed', 'skipped', 'parked') AND updated_at >= $1 AND updated_at < $2 GROUP BY type, status`,
      [from, to],
    );
    return rows as unknown as EndedFiles[];
  }

  async #one<Row>(text: string, values: unknown[]): Promise<Row | undefined> {
    const { rows } = await this.#pool.query(text, values);
    const row = rows.at(0);
    return row === undefined ? undefined : (fromRow(row) as unknown as Row);
  }

  async #transaction(all: readonly Statement[]): Promise<boolean> {
    const connection = await this.#begin();
    let broken = true;
    try {
      for (const statement of all) {
        if (!(await holds(connection, statement))) {
          await connection.query('ROLLBACK');
          broken = false;
          return false;
        }
      }
      await connection.query('COMMIT');
      broken = false;
      return true;
    } catch (error) {
      broken = !(await connection.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
      throw error;
    } finally {
      connection.release(broken);
    }
  }

  /**
   * An idle connection may be closed, which the first statement detects: another connection can be used, because
   * nothing was written yet.
   */
  async #begin(): ReturnType<PostgresPool['connect']> {
    for (let attempt = 1; ; attempt += 1) {
      const connection = await this.#pool.connect();
      try {
        await connection.query(BEGIN);
        return connection;
      } catch (error) {
        connection.release(true);
        if (attempt === CONNECTIONS_TO_TRY) {
          throw error;
        }
      }
    }
  }
}

async function holds(connection: PostgresConnection, { text, values }: Statement): Promise<boolean> {
  const { rowCount } = await connection.query(text, values);
  return rowCount === 1;
}
