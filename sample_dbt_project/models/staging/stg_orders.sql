with changes as (
    select * from {{ ref('order_changes') }}
    where {{ var('day', 1) }} >= 2
),

latest as (
    select * from changes
    union all
    select * from {{ ref('raw_orders') }}
    where order_id not in (select order_id from changes)
)

select
    order_id,
    customer_id,
    product_id,
    quantity,
    coalesce(discount, 0) as discount,
    status,
    ordered_at
from latest
