import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { JobObject } from '../../contract/job-message.js';
import type { LedgerQueryObject } from '../../contract/ledger-query.js';
import { comparableSequencer } from '../support/sequencer.js';
import type { FileRejected } from './load-error.js';

/**
 * The table of the ledger for PostgreSQL 13 or newer. Idempotent. The loader creates it if it is missing and its user
 * has the privilege; otherwise add it to your migrations and grant SELECT, INSERT and UPDATE on it.
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

/** Advisory lock id shared by all loaders: creating the table concurrently would fail. */
const SCHEMA_LOCK = 4_701_122_001;

/** A file is not taken for lost because the clocks of the database and of S3 differ. */
const CLOCK_DIFFERENCE = '1 minute';

/** A file in the ledger. */
export interface LedgerFile {
  readonly id: string;
  readonly object: JobObject;
  readonly sequencer?: string;
  readonly correlationId?: string;
}

/** A file to be loaded, and its row count if known. */
export interface Claim {
  readonly file: LedgerFile;
  readonly rows?: number;
}

/**
 * Identifies one version of one object; the same for every delivery of its event.
 *
 * @throws RangeError if the event has neither a version nor a sequencer nor an ETag, so that duplicates could not be
 * recognized; and for a NUL in a name, which PostgreSQL cannot store
 */
export function ledgerFile(object: JobObject, correlationId?: string): LedgerFile {
  const { bucket, key, versionId, etag } = object;
  if ([bucket, key, versionId, etag].some((text) => text?.includes('\0'))) {
    throw new RangeError('the message names an object with a NUL character');
  }
  const sequencer = object.sequencer === undefined ? undefined : comparableSequencer(object.sequencer);
  // In a bucket with suspended versioning, all new versions have the id null
  const version =
    versionId !== undefined && versionId !== 'null'
      ? `version:${versionId}`
      : sequencer === undefined
        ? etag && `etag:${etag}`
        : `sequencer:${sequencer}`;
  if (version === undefined) {
    throw new RangeError(
      'the message contains neither a version, a sequencer nor an ETag of the object, so that a duplicate could not be recognized',
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

/** Results of files, stored in the same transactions as their rows, so that each file is loaded exactly once. */
export class Ledger {
  readonly #loader: string;

  constructor(loader: string) {
    this.#loader = loader;
  }

  /** Creates the table if it is missing. */
  async ensure(client: ClientBase): Promise<void> {
    const { rows } = await client.query<{ there: boolean }>(
      `SELECT to_regclass('fileworks_file_ledger') IS NOT NULL AS there`,
    );
    if (rows[0].there) {
      return;
    }
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${ledgerSchema} COMMIT`);
  }

  /** Ids and status of finished files, which need not be read again. */
  async done(client: ClientBase, files: readonly LedgerFile[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await client.query<{ id: string; status: string }>(
      `SELECT id, status FROM fileworks_file_ledger WHERE loader = $1 AND id = ANY($2) AND status <> 'rejected'`,
      [this.#loader, files.map(({ id }) => id)],
    );
    return new Map(rows.map(({ id, status }) => [id, status]));
  }

  /** For each object, whether its file was loaded, superseded or rejected. */
  async recorded(client: ClientBase, objects: readonly LedgerQueryObject[]): Promise<boolean[]> {
    const { rows } = await client.query<{ recorded: boolean }>(
      `SELECT EXISTS (
         SELECT FROM fileworks_file_ledger file
         WHERE file.loader = $1 AND file.bucket = asked.bucket AND file.key = asked.key
           AND CASE WHEN asked.version IS NULL THEN file.recorded_at > asked.modified - interval '${CLOCK_DIFFERENCE}' ELSE file.version_id = asked.version END
       ) AS recorded
       FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) WITH ORDINALITY AS asked (bucket, key, version, modified, place)
       ORDER BY place`,
      [
        this.#loader,
        objects.map(({ bucket }) => bucket),
        objects.map(({ key }) => key),
        objects.map(({ versionId }) => versionId ?? null),
        objects.map(({ modified }) => modified),
      ],
    );
    return rows.map(({ recorded }) => recorded);
  }

  /**
   * Claims files for this transaction: waits for transactions that hold any of them, and returns those to load now.
   *
   * @param claims files in the order of their ids, to prevent deadlocks between loaders, with their row counts if known
   * @param newestWins whether a file is superseded once a newer version of its key was loaded
   */
  async claim(
    client: ClientBase,
    claims: readonly Claim[],
    newestWins: boolean,
  ): Promise<ReadonlyMap<string, 'loaded' | 'superseded'>> {
    const files = claims.map(({ file }) => file);
    if (newestWins) {
      // One loader per key at a time, so that the older version sees the newer one
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

  /** Records row counts of files in this transaction that were unknown when they were claimed. */
  async count(client: ClientBase, rows: ReadonlyMap<string, number>): Promise<void> {
    await client.query(
      `UPDATE fileworks_file_ledger SET row_count = counted.rows FROM unnest($2::text[], $3::bigint[]) AS counted (id, rows)
       WHERE loader = $1 AND fileworks_file_ledger.id = counted.id`,
      [this.#loader, [...rows.keys()], [...rows.values()]],
    );
  }

  /** Records why files were rejected. A loaded file stays loaded. */
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
