-- Up Migration
-- The user of the loader. On RDS, it logs in with IAM tokens and has no password.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loader') THEN
    CREATE ROLE loader LOGIN;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
    GRANT rds_iam TO loader;
  END IF;
END
$$;

-- `ledgerSchema` of fileworks-runtime/loader: the loaded files, and the reasons of rejections.
CREATE TABLE fileworks_file_ledger (
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
CREATE INDEX fileworks_file_ledger_key ON fileworks_file_ledger (loader, bucket, key, sequencer);

GRANT USAGE ON SCHEMA sales TO loader;
GRANT SELECT, INSERT, UPDATE ON sales.orders, fileworks_file_ledger TO loader;

-- Down Migration
-- The role is kept: it belongs to the server, and other databases may use it.
DROP TABLE fileworks_file_ledger;
REVOKE SELECT, INSERT, UPDATE ON sales.orders FROM loader;
REVOKE USAGE ON SCHEMA sales FROM loader;
