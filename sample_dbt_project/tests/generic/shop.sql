{#
  dbt's accepted_values and relationships, told once what they need. Arguments in YAML are spelled differently by
  dbt before 1.10 and by dbt v2; spelled here they are the same for all.
#}

{% test known_plan_tier(model, column_name) %}
    {{ test_accepted_values(model, column_name, values=['free', 'plus', 'pro']) }}
{% endtest %}

{% test known_category(model, column_name) %}
    {{ test_accepted_values(model, column_name, values=['tea', 'coffee', 'kitchen', 'sweets', 'books', 'gifts']) }}
{% endtest %}

{% test known_order_status(model, column_name) %}
    {{ test_accepted_values(
        model, column_name, values=['placed', 'shipped', 'completed', 'returned', 'cancelled']
    ) }}
{% endtest %}

{% test belongs_to_customer(model, column_name) %}
    {{ test_relationships(model, column_name, to=ref('stg_customers'), field='customer_id') }}
{% endtest %}

{% test belongs_to_product(model, column_name) %}
    {{ test_relationships(model, column_name, to=ref('stg_products'), field='product_id') }}
{% endtest %}
