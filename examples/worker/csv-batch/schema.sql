CREATE TABLE orders (
  id bigint NOT NULL,
  customer text NOT NULL,
  placed_at timestamptz NOT NULL,
  amount numeric(14, 2) NOT NULL,
  currency char(3) NOT NULL
);

-- the files whose content is in the table
CREATE TABLE loaded_files (
  key text NOT NULL,
  etag text NOT NULL,
  rows integer NOT NULL,
  rejected integer NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key, etag)
);
