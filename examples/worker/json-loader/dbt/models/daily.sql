-- Recomputes the open days in one transaction: readers see either all old or all new values. The model is idempotent.
{{ config(pre_hook="{% if is_incremental() %} DELETE FROM {{ this }} WHERE day >= {{ first_open_day() }} {% endif %}") }}

SELECT
  (orders.placed_at AT TIME ZONE 'UTC')::date AS day,
  orders.currency,
  count(*) AS orders,
  coalesce(sum(lines.articles), 0)::bigint AS articles,
  sum(orders.total)::numeric(20, 2) AS total
FROM {{ source('sales', 'orders') }} AS orders
LEFT JOIN (
  SELECT order_id, sum(quantity) AS articles FROM {{ source('sales', 'order_lines') }} GROUP BY order_id
) AS lines ON lines.order_id = orders.id
{% if is_incremental() %}
WHERE (orders.placed_at AT TIME ZONE 'UTC')::date >= {{ first_open_day() }}
{% endif %}
GROUP BY 1, 2
