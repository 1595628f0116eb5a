-- Whether the planners' inbox is there, and this role may read it.
select *
from
    system.main.postgres_query(
        'catalog_server',
        $pg$
        select count(*) > 0 as is_there
        from pg_class as inbox
        inner join pg_namespace as place on inbox.relnamespace = place.oid
        where
            place.nspname = 'planners'
            and inbox.relname = 'inbox'
            and has_schema_privilege(place.oid, 'usage')
            and has_table_privilege(inbox.oid, 'select')
        $pg$
    )
