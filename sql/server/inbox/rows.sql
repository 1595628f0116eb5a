-- Rows of the planners' inbox as JSON, in the order in which they came in.
select *
from
    system.main.postgres_query(
        'catalog_server', 'select row_to_json(inbox)::text as row from planners.inbox as inbox order by known_at, id'
    )
