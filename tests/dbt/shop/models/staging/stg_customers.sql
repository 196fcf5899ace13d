select id, email, tier from {{ ref('raw_customers') }}
