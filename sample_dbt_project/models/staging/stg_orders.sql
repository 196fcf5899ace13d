select
    order_id,
    customer_id,
    product_id,
    quantity,
    coalesce(discount, 0) as discount,
    status,
    ordered_at
from {{ ref('raw_orders') }}
