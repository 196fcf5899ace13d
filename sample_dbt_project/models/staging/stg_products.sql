with changes as (
    select * from {{ ref('product_changes') }}
    where {{ var('day', 1) }} >= 2
),

latest as (
    select * from changes
    union all
    select * from {{ ref('raw_products') }}
    where product_id not in (select product_id from changes)
)

select
    product_id,
    name as product_name,
    category,
    price,
    cost,
    stock,
    is_discontinued
from latest
