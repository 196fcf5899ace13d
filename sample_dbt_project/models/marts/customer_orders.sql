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
        count(*)::integer as orders_count,
        sum(revenue)::decimal(12, 2) as lifetime_value,
        sum(revenue - cost)::decimal(12, 2) as internal_margin,
        max(ordered_at) as last_order_at,
        (array_agg(product_name order by ordered_at desc, order_id desc))[1] as last_product
    from bought
    group by customer_id
),

category_counts as (
    select customer_id, category, count(*) as orders_count
    from bought
    group by customer_id, category
),

favourites as (
    select customer_id, (array_agg(category order by orders_count desc, category))[1:3] as favourite_categories
    from category_counts
    group by customer_id
)

select *
from totals
inner join favourites using (customer_id)
