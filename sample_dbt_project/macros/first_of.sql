{#- A group's values in an order as an array, and the first of them, in the words of the warehouse. -#}
{% macro gathered(value, order) -%}
  {{ return(adapter.dispatch('gathered')(value, order)) }}
{%- endmacro %}

{% macro default__gathered(value, order) -%}
  array_agg({{ value }} order by {{ order }})
{%- endmacro %}

{% macro snowflake__gathered(value, order) -%}
  array_agg({{ value }}) within group (order by {{ order }})
{%- endmacro %}

{% macro first_of(value, order) -%}
  {{ return(adapter.dispatch('first_of')(value, order)) }}
{%- endmacro %}

{% macro default__first_of(value, order) -%}
  ({{ gathered(value, order) }})[1]
{%- endmacro %}

{% macro bigquery__first_of(value, order) -%}
  array_agg({{ value }} order by {{ order }} limit 1)[safe_offset(0)]
{%- endmacro %}

{% macro snowflake__first_of(value, order) -%}
  cast(({{ gathered(value, order) }})[0] as varchar)
{%- endmacro %}
