select *{% if var('broken', false) %}, no_such_column{% endif %} from {{ ref('stg_customers') }}
