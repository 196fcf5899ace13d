select email
from {{ ref('iterable_users') }}
where is_subscribed
