-- Up Migration
CREATE SCHEMA sales;

CREATE TABLE sales.orders (
  id bigint PRIMARY KEY,
  customer text NOT NULL,
  placed_at timestamptz NOT NULL,
  currency char(3) NOT NULL,
  total numeric(14, 2) NOT NULL CHECK (total >= 0),
  updated_at timestamptz NOT NULL,
  document jsonb NOT NULL
);
CREATE INDEX ON sales.orders (placed_at);

-- Down Migration
DROP SCHEMA sales CASCADE;
