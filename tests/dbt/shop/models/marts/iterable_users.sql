select {% if var('broken', false) %}1{% else %}c.id{% endif %} as id, email, tier from {{ ref('stg_customers') }} c left join {{ ref('stg_orders') }} o on o.customer_id = c.id
