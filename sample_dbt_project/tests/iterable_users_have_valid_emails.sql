select customer_id, email
from {{ ref('iterable_users') }}
where regexp_replace(email, '^[a-z0-9._%+-]+@[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z]{2,}$', '') <> ''
