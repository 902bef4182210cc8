import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { JobObject } from '../../contract/job-message.js';
import type { FileRejected } from './load-error.js';

/**
 * The ledger's table, PostgreSQL 13 or newer. Safe to run again. The loader makes it when it is missing and its user
 * may; otherwise put it
 * into your migrations and grant SELECT, INSERT and UPDATE on it.
 */
export const ledgerSchema = `
CREATE TABLE IF NOT EXISTS fileworks_file_ledger (
  loader text NOT NULL,
  id text NOT NULL,
  bucket text NOT NULL,
  key text NOT NULL,
  version_id text,
  sequencer text COLLATE "C",
  bytes bigint,
  status text NOT NULL,
  row_count bigint,
  line bigint,
  pointer text,
  reason text,
  correlation_id text,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (loader, id)
);
CREATE INDEX IF NOT EXISTS fileworks_file_ledger_key ON fileworks_file_ledger (loader, bucket, key, sequencer);
`;

/** Any number will do that everybody takes: two loaders that make the table at once would fail one another. */
const SCHEMA_LOCK = 4_701_122_001;
const MAX_SEQUENCER_DIGITS = 32;

/** A file as the ledger knows it. */
export interface LedgerFile {
  readonly id: string;
  readonly object: JobObject;
  readonly sequencer?: string;
  readonly correlationId?: string;
}

/** A file that is to be loaded, and its rows where they are counted already. */
export interface Claim {
  readonly file: LedgerFile;
  readonly rows?: number;
}

/**
 * Names one version of one object, the same for every delivery of its event.
 *
 * @throws RangeError when the event names neither a version nor a sequencer nor an ETag, so that nobody could tell a
 * repetition; and for a NUL
 * in a name, which PostgreSQL cannot keep
 */
export function ledgerFile(object: JobObject, correlationId?: string): LedgerFile {
  const { bucket, key, versionId, etag } = object;
  if ([bucket, key, versionId, etag].some((text) => text?.includes('\0'))) {
    throw new RangeError('the message names an object with a NUL character');
  }
  const sequencer =
    object.sequencer !== undefined && /^[0-9A-Fa-f]{1,32}$/.test(object.sequencer)
      ? object.sequencer.toUpperCase().padStart(MAX_SEQUENCER_DIGITS, '0')
      : undefined;
  // Versions of a bucket whose versioning is suspended are all called null
  const version =
    versionId !== undefined && versionId !== 'null'
      ? `version:${versionId}`
      : sequencer === undefined
        ? etag && `etag:${etag}`
        : `sequencer:${sequencer}`;
  if (version === undefined) {
    throw new RangeError(
      'the message names neither a version, a sequencer nor an ETag of the object, so that a repetition could not be told',
    );
  }
  const id = createHash('sha256').update(`${bucket}\0${key}\0${version}`).digest('hex');
  return {
    id,
    object,
    ...(sequencer === undefined ? {} : { sequencer }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

/**
 * What became of files, in the same database and the same transactions as their rows: that is what makes loading them
 * happen once.
 */
export class Ledger {
  readonly #loader: string;

  constructor(loader: string) {
    this.#loader = loader;
  }

  /** Makes the table if there is none. */
  async ensure(client: ClientBase): Promise<void> {
    const { rows } = await client.query<{ there: boolean }>(
      `SELECT to_regclass('fileworks_file_ledger') IS NOT NULL AS there`,
    );
    if (rows[0].there) {
      return;
    }
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${ledgerSchema} COMMIT`);
  }

  /** Ids of those files that are done with, so that nobody needs to read them again. */
  async done(client: ClientBase, files: readonly LedgerFile[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await client.query<{ id: string; status: string }>(
      `SELECT id, status FROM fileworks_file_ledger WHERE loader = $1 AND id = ANY($2) AND status <> 'rejected'`,
      [this.#loader, files.map(({ id }) => id)],
    );
    return new Map(rows.map(({ id, status }) => [id, status]));
  }

  /**
   * Takes files for this transaction: waits for others that hold any of them, and answers which are to be loaded now.
   *
   * @param claims files in the order of their ids, so that two loaders never wait for each other, with their rows where
   * they are counted already
   * @param newestWins whether a file is pointless once a newer version of its key was loaded
   */
  async claim(
    client: ClientBase,
    claims: readonly Claim[],
    newestWins: boolean,
  ): Promise<ReadonlyMap<string, 'loaded' | 'superseded'>> {
    const files = claims.map(({ file }) => file);
    if (newestWins) {
      // One key, one loader at a time: the older version must see the newer one
      const locks = [...new Set(files.map(({ object }) => this.#lockOf(object)))].sort();
      await client.query('SELECT pg_advisory_xact_lock(lock) FROM unnest($1::bigint[]) AS lock', [locks]);
    }
    const { rows } = await client.query<{ id: string; status: 'loaded' | 'superseded' }>(
      `INSERT INTO fileworks_file_ledger AS old (loader, id, bucket, key, version_id, sequencer, bytes, correlation_id, row_count, status)
       SELECT $1, file.id, bucket, key, version_id, sequencer, bytes, correlation_id,
         CASE WHEN superseded THEN NULL ELSE file.rows END, CASE WHEN superseded THEN 'superseded' ELSE 'loaded' END
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[])
         AS file (id, bucket, key, version_id, sequencer, bytes, correlation_id, rows),
       LATERAL (SELECT $10 AND EXISTS (
         SELECT FROM fileworks_file_ledger newer
         WHERE newer.loader = $1 AND newer.bucket = file.bucket AND newer.key = file.key AND newer.sequencer > file.sequencer AND newer.status = 'loaded'
       ) AS superseded) AS newest
       ON CONFLICT (loader, id) DO UPDATE SET status = EXCLUDED.status, row_count = EXCLUDED.row_count, line = NULL, pointer = NULL, reason = NULL, recorded_at = now()
         WHERE old.status = 'rejected'
       RETURNING id, status`,
      [...this.#columns(files), claims.map(({ rows }) => rows ?? null), newestWins],
    );
    return new Map(rows.map(({ id, status }) => [id, status]));
  }

  /** Notes how many rows the files of this transaction had, of which nobody knew it when they were claimed. */
  async count(client: ClientBase, rows: ReadonlyMap<string, number>): Promise<void> {
    await client.query(
      `UPDATE fileworks_file_ledger SET row_count = counted.rows FROM unnest($2::text[], $3::bigint[]) AS counted (id, rows)
       WHERE loader = $1 AND fileworks_file_ledger.id = counted.id`,
      [this.#loader, [...rows.keys()], [...rows.values()]],
    );
  }

  /** Notes why files were rejected. A file that was loaded stays loaded. */
  async reject(
    client: ClientBase,
    rejected: readonly { readonly file: LedgerFile; readonly error: FileRejected }[],
  ): Promise<void> {
    const errors = rejected.map(({ error }) => error);
    await client.query(
      `INSERT INTO fileworks_file_ledger AS old (loader, id, bucket, key, version_id, sequencer, bytes, correlation_id, line, pointer, reason, status)
       SELECT $1, file.*, 'rejected'
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::text[]) AS file
       ON CONFLICT (loader, id) DO UPDATE SET line = EXCLUDED.line, pointer = EXCLUDED.pointer, reason = EXCLUDED.reason, recorded_at = now()
         WHERE old.status = 'rejected'`,
      [
        ...this.#columns(rejected.map(({ file }) => file)),
        errors.map(({ line }) => line ?? null),
        errors.map(({ pointer }) => pointer ?? null),
        errors.map(({ reason }) => reason),
      ],
    );
  }

  #columns(files: readonly LedgerFile[]): unknown[] {
    const of = (value: (file: LedgerFile) => unknown) => files.map((file) => value(file) ?? null);
    return [
      this.#loader,
      of(({ id }) => id),
      of(({ object }) => object.bucket),
      of(({ object }) => object.key),
      of(({ object }) => object.versionId),
      of(({ sequencer }) => sequencer),
      of(({ object }) => object.size),
      of(({ correlationId }) => correlationId),
    ];
  }

  #lockOf({ bucket, key }: JobObject): string {
    return createHash('sha256').update(`${this.#loader}\0${bucket}\0${key}`).digest().readBigInt64BE().toString();
  }
}
