-- What each role may do now, as the server itself answers.
select *
from
    system.main.postgres_query(
        'catalog_server',
        $pg$
        with roles (place, role) as (
            values (1, 'writer'), (2, 'analyst'), (3, 'planner'), (4, 'airflow')
        ),
        tables as (
            select oid from pg_class
            where relnamespace = 'public'::regnamespace and relkind = 'r' and relname like 'ducklake\_%'
        ),
        rights (place, role, part, thing, may) as (
            select place, role, 1, 'database ' || current_database(), concat_ws(
                ', ',
                case when has_database_privilege(role, current_database(), 'connect') then 'connect' end,
                case when has_database_privilege(role, current_database(), 'create') then 'create' end
            )
            from roles
            union all
            select place, role, 2, 'schema ' || name, concat_ws(
                ', ',
                case when has_schema_privilege(role, name, 'usage') then 'use' end,
                case when has_schema_privilege(role, name, 'create') then 'create tables' end
            )
            from roles, (values ('public'), ('planners')) as schemas (name)
            union all
            select place, role, 3, 'the lake''s ' || count(*) || ' tables', concat_ws(
                ', ',
                case when bool_and(has_table_privilege(role, oid, 'select')) then 'select' end,
                case when bool_or(has_table_privilege(role, oid, 'insert')) then 'insert' end,
                case when bool_or(has_table_privilege(role, oid, 'update')) then 'update' end,
                case when bool_or(has_table_privilege(role, oid, 'delete')) then 'delete' end
            )
            from roles, tables
            group by place, role
            union all
            select place, role, 4, 'planners.inbox', concat_ws(
                ', ',
                case when has_table_privilege(role, 'planners.inbox', 'select') then 'select' end,
                case when has_any_column_privilege(role, 'planners.inbox', 'insert') then 'insert, but for' || (
                    select coalesce(string_agg(' ' || attname, ',' order by attnum), ' nothing')
                    from pg_attribute
                    where
                        attrelid = 'planners.inbox'::regclass
                        and attnum > 0
                        and not has_column_privilege(role, 'planners.inbox', attname, 'insert')
                ) end,
                case when has_any_column_privilege(role, 'planners.inbox', 'update') then 'update' end,
                case when has_table_privilege(role, 'planners.inbox', 'delete') then 'delete' end
            )
            from roles
        )
        select role, thing as on, coalesce(nullif(may, ''), 'nothing') as may from rights order by place, part, thing
        $pg$
    )
