{#- The first of a group's values in an order, and an array of the first three, in the words of the warehouse. -#}
{% macro first_of(value, order) -%}
  {{ return(adapter.dispatch('first_of')(value, order)) }}
{%- endmacro %}

{% macro default__first_of(value, order) -%}
  (array_agg({{ value }} order by {{ order }}))[1]
{%- endmacro %}

{% macro bigquery__first_of(value, order) -%}
  array_agg({{ value }} order by {{ order }} limit 1)[safe_offset(0)]
{%- endmacro %}

{% macro first_three_of(value, order) -%}
  {{ return(adapter.dispatch('first_three_of')(value, order)) }}
{%- endmacro %}

{% macro default__first_three_of(value, order) -%}
  (array_agg({{ value }} order by {{ order }}))[1:3]
{%- endmacro %}

{% macro bigquery__first_three_of(value, order) -%}
  array_agg({{ value }} order by {{ order }} limit 3)
{%- endmacro %}
