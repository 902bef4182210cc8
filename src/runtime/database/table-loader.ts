import { once } from 'node:events';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LoadRoute } from '../../contract/load-route.js';
import { FileRejected, type FilePlace } from './load-error.js';
import { faultOf } from './fault.js';

/** Location of a row of a COPY, counted from 0. */
export type PlaceOf = (row: number) => FilePlace;

/** Copies rows into the table of a route, in the transaction of the caller. */
export class TableLoader {
  readonly #copy: string;
  readonly #stage: string | undefined;
  readonly #merge: string | undefined;

  constructor({ table, columns, conflict }: LoadRoute) {
    const target = table.split('.').map(quoted).join('.');
    const names = columns.map(({ name }) => quoted(name)).join(', ');
    if (conflict === undefined || conflict.rule === 'reject') {
      this.#copy = `COPY ${target} (${names}) FROM STDIN`;
      return;
    }
    this.#copy = `COPY ${STAGE} (${names}) FROM STDIN`;
    // Only the column types of the table; the number shows which of two rows with the same key came last
    this.#stage = `CREATE TEMP TABLE ${STAGE} ON COMMIT DROP AS SELECT ${names} FROM ${target} WITH NO DATA; ALTER TABLE ${STAGE} ADD COLUMN ${ROW_NUMBER} bigserial`;
    const key = conflict.key.map(quoted).join(', ');
    if (conflict.rule === 'keep') {
      // In the order of the keys, to prevent deadlocks between loaders
      this.#merge = `INSERT INTO ${target} (${names}) SELECT ${names} FROM ${STAGE} ORDER BY ${key}, ${ROW_NUMBER} ON CONFLICT (${key}) DO NOTHING`;
      return;
    }
    const updates = columns
      .filter(({ name }) => !conflict.key.includes(name))
      .map(({ name }) => `${quoted(name)} = EXCLUDED.${quoted(name)}`)
      .join(', ');
    const greater = conflict.ifGreater === undefined ? undefined : quoted(conflict.ifGreater);
    this.#merge =
      `INSERT INTO ${target} AS old (${names}) SELECT DISTINCT ON (${key}) ${names} FROM ${STAGE} ` +
      `ORDER BY ${key}, ${greater === undefined ? '' : `${greater} DESC NULLS LAST, `}${ROW_NUMBER} DESC ON CONFLICT (${key}) DO UPDATE SET ${updates}` +
      (greater === undefined ? '' : ` WHERE old.${greater} IS NULL OR EXCLUDED.${greater} > old.${greater}`);
  }

  /**
   * @throws FileRejected if the database refuses a row, with its location
   * @throws any other error of the database, and errors of `chunks`
   */
  async load(client: ClientBase, chunks: Iterable<Buffer> | AsyncIterable<Buffer>, placeOf: PlaceOf): Promise<void> {
    if (this.#stage !== undefined) {
      await client.query(this.#stage);
    }
    try {
      await copy(client, this.#copy, chunks);
      if (this.#merge !== undefined) {
        await client.query(this.#merge);
      }
    } catch (error) {
      throw faultOf(error) === 'row' ? rejectionOf(error as DatabaseError, placeOf) : error;
    }
    if (this.#stage !== undefined) {
      await client.query(`DROP TABLE ${STAGE}`);
    }
  }
}

const STAGE = 'fileworks_stage';
const ROW_NUMBER = 'fileworks_row';

async function copy(client: ClientBase, sql: string, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  const stream = client.query(copyFrom(sql));
  const failed = new Promise<never>((_, reject) => stream.on('error', reject));
  failed.catch(() => undefined);
  try {
    for await (const chunk of chunks) {
      if (!stream.write(chunk)) {
        await Promise.race([once(stream, 'drain'), failed]);
      }
    }
    stream.end();
    await Promise.race([once(stream, 'finish'), failed]);
  } catch (error) {
    // The database rolls back this COPY
    stream.destroy(error as Error);
    throw error;
  }
}

/** Fields of a PostgreSQL error, as exposed by `pg`. */
interface DatabaseError extends Error {
  readonly code: string;
  /** `COPY orders, line 5, column quantity: "many"` */
  readonly where?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** Omits `detail`, which contains the whole row: more people can read reasons than the table. */
export function rejectionOf(error: DatabaseError, placeOf: PlaceOf): FileRejected {
  const [, line, column = error.column] = /^COPY .+?, line (\d+)(?:, column ([^:]+))?/.exec(error.where ?? '') ?? [];
  const place = line ? placeOf(Number(line) - 1) : {};
  const about = [column && `column ${column}`, error.constraint && `constraint ${error.constraint}`]
    .filter(Boolean)
    .join(', ');
  return new FileRejected(`${error.message} (${about === '' ? '' : `${about}, `}SQLSTATE ${error.code})`, place, {
    cause: error,
  });
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
