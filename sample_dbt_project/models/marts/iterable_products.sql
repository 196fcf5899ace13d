select
    product_id,
    product_name,
    category,
    price,
    stock,
    stock > 0 as is_available
from {{ ref('stg_products') }}
where not is_discontinued
