{#- An object of names and columns, in the words of the warehouse: a struct, or JSON. -#}
{% macro object_of(members) -%}
  {{ return(adapter.dispatch('object_of')(members)) }}
{%- endmacro %}

{% macro default__object_of(members) -%}
  { {%- for name, column in members.items() %}'{{ name }}': {{ column }}{{ ', ' if not loop.last }}{% endfor -%} }
{%- endmacro %}

{% macro postgres__object_of(members) -%}
  json_build_object({%- for name, column in members.items() %}'{{ name }}', {{ column }}{{ ', ' if not loop.last }}{% endfor -%})
{%- endmacro %}

{% macro bigquery__object_of(members) -%}
  struct({%- for name, column in members.items() %}{{ column }} as {{ name }}{{ ', ' if not loop.last }}{% endfor -%})
{%- endmacro %}

{% macro snowflake__object_of(members) -%}
  object_construct_keep_null({%- for name, column in members.items() %}'{{ name }}', {{ column }}{{ ', ' if not loop.last }}{% endfor -%})
{%- endmacro %}
