-- Up Migration
CREATE VIEW sales.order_lines AS
SELECT orders.id AS order_id, line.number, line.value ->> 'article' AS article, (line.value ->> 'quantity')::integer AS quantity, (line.value ->> 'price')::numeric AS price
FROM sales.orders, jsonb_array_elements(orders.document -> 'lines') WITH ORDINALITY AS line (value, number);

CREATE TABLE sales.daily (
  day date NOT NULL,
  currency char(3) NOT NULL,
  orders bigint NOT NULL,
  articles bigint NOT NULL,
  total numeric NOT NULL,
  PRIMARY KEY (day, currency)
);

-- Down Migration
DROP TABLE sales.daily;
DROP VIEW sales.order_lines;
