with bought as (
    select
        orders.customer_id,
        orders.order_id,
        orders.ordered_at,
        orders.quantity * products.price - orders.discount as revenue,
        orders.quantity * products.cost as cost,
        products.product_name,
        products.category
    from {{ ref('stg_orders') }} as orders
    inner join {{ ref('stg_products') }} as products using (product_id)
    where orders.status not in ('cancelled', 'returned')
),

totals as (
    select
        customer_id,
        cast(count(*) as integer) as orders_count,
        cast(sum(revenue) as decimal(12, 2)) as lifetime_value,
        cast(sum(revenue - cost) as decimal(12, 2)) as internal_margin,
        max(ordered_at) as last_order_at,
        {{ first_of('product_name', 'ordered_at desc, order_id desc') }} as last_product
    from bought
    group by customer_id
),

category_places as (
    select
        customer_id,
        category,
        row_number() over (partition by customer_id order by count(*) desc, category) as place
    from bought
    group by customer_id, category
),

favourites as (
    select customer_id, {{ gathered('category', 'place') }} as favourite_categories
    from category_places
    where place <= 3
    group by customer_id
)

select *
from totals
inner join favourites using (customer_id)
