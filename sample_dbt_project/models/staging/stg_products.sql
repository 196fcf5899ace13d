select
    product_id,
    name as product_name,
    category,
    price,
    cost
from {{ ref('raw_products') }}
