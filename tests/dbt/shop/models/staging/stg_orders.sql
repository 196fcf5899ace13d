-- depends_on: {{ ref('raw_orders') }}
select id, customer_id from {{ source('app', 'orders') }}
