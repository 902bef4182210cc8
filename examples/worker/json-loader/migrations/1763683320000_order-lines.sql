-- Up Migration
CREATE VIEW sales.order_lines AS
SELECT orders.id AS order_id, line.number, line.value ->> 'article' AS article, (line.value ->> 'quantity')::integer AS quantity, (line.value ->> 'price')::numeric AS price
FROM sales.orders, jsonb_array_elements(orders.document -> 'lines') WITH ORDINALITY AS line (value, number);

-- Down Migration
DROP VIEW sales.order_lines;
