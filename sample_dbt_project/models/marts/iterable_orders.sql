select
    orders.order_id,
    users.email,
    'Order ' || orders.status as event_name,
    orders.ordered_at,
    products.product_name,
    products.category,
    orders.quantity,
    cast(orders.quantity * products.price - orders.discount as decimal(12, 2)) as revenue
from {{ ref('stg_orders') }} as orders
inner join {{ ref('iterable_users') }} as users using (customer_id)
inner join {{ ref('stg_products') }} as products using (product_id)
