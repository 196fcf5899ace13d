with changes as (
    select * from {{ ref('customer_changes') }}
    where {{ var('day', 1) }} >= 2
),

latest as (
    select * from changes
    union all
    select * from {{ ref('raw_customers') }}
    where customer_id not in (select customer_id from changes)
)

select
    customer_id,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    lower(nullif(trim(email), '')) as email,
    birth_date,
    plan as plan_tier,
    plan_since,
    is_subscribed,
    city,
    postal_code,
    country
from latest
