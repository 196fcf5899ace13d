select
    customers.customer_id,
    customers.email,
    customers.first_name,
    customers.last_name,
    customers.birth_date,
    customers.is_subscribed,
    customers.plan_tier,
    customers.plan_since,
    case when customers.country is not null then {{ object_of({
        'city': 'customers.city',
        'postalCode': 'customers.postal_code',
        'country': 'customers.country'
    }) }} end as address,
    coalesce(totals.orders_count, 0) as orders_count,
    cast(coalesce(totals.lifetime_value, 0) as decimal(12, 2)) as lifetime_value,
    totals.last_order_at,
    totals.last_product,
    totals.favourite_categories,
    totals.internal_margin
from {{ ref('stg_customers') }} as customers
left join {{ ref('customer_orders') }} as totals using (customer_id)
where customers.email is not null
