/**
 * Tables of `PostgresStore` for PostgreSQL 13 or newer. Idempotent. Two dispatchers need two databases, or two schemas,
 * each with a user whose `search_path` selects it.
 *
 * `COLLATE "C"` compares orders bytewise, as the protocol does. The unique index is only a safeguard: the version of
 * the head decides.
 */
export const dispatchSchema = `
CREATE TABLE IF NOT EXISTS fileworks_file (
  id text PRIMARY KEY,
  type text NOT NULL,
  sequence text,
  slots integer NOT NULL,
  "order" text COLLATE "C" NOT NULL,
  status text NOT NULL,
  rev bigint NOT NULL,
  epoch bigint NOT NULL,
  attempts integer NOT NULL,
  interruptions integer NOT NULL,
  slot integer,
  fence bigint,
  worker text,
  not_before bigint,
  due_at bigint,
  began_at bigint,
  reason text,
  result jsonb,
  object jsonb NOT NULL,
  policy jsonb NOT NULL,
  correlation_id text NOT NULL,
  registered_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
ALTER TABLE fileworks_file ADD COLUMN IF NOT EXISTS stop_reason text, ADD COLUMN IF NOT EXISTS cancel_reason text, ADD COLUMN IF NOT EXISTS interrupted_since bigint, ADD COLUMN IF NOT EXISTS sequence_part text,
  ADD COLUMN IF NOT EXISTS log text, ADD COLUMN IF NOT EXISTS last_attempts jsonb;
CREATE INDEX IF NOT EXISTS fileworks_file_queue ON fileworks_file (sequence COLLATE "C", "order", id COLLATE "C") WHERE status = 'queued';
CREATE INDEX IF NOT EXISTS fileworks_file_due ON fileworks_file (due_at) WHERE status IN ('starting', 'running', 'waiting') AND due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS fileworks_file_trouble ON fileworks_file (status, type, "order") WHERE status IN ('waiting', 'blocked', 'parked');
CREATE INDEX IF NOT EXISTS fileworks_file_ended ON fileworks_file (updated_at) WHERE status IN ('completed', 'skipped', 'parked');
CREATE UNIQUE INDEX IF NOT EXISTS fileworks_file_slot ON fileworks_file (sequence, slot)
  WHERE status IN ('starting', 'running', 'waiting', 'blocked') AND sequence IS NOT NULL;
CREATE TABLE IF NOT EXISTS fileworks_head (
  sequence text NOT NULL,
  slot integer NOT NULL,
  version bigint NOT NULL,
  holder text,
  last text COLLATE "C",
  appended bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (sequence, slot)
);
CREATE TABLE IF NOT EXISTS fileworks_key (
  bucket text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  created text,
  deleted text,
  file text,
  updated_at bigint NOT NULL,
  PRIMARY KEY (bucket, key)
);
CREATE INDEX IF NOT EXISTS fileworks_key_updated ON fileworks_key (updated_at);
CREATE TABLE IF NOT EXISTS fileworks_pause (
  id integer PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL,
  scopes jsonb NOT NULL
);
ALTER TABLE fileworks_pause ADD COLUMN IF NOT EXISTS groupings jsonb;
`;
