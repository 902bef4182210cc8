{# An order may still change for five weeks; the days before are as they are. #}
{% macro first_open_day() %}((now() AT TIME ZONE 'UTC')::date - 35){% endmacro %}
