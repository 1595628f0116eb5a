-- Whether the connection that asks holds the lock of that number.
select *
from
    system.main.postgres_query(
        'catalog_server',
        format(
            '
            select count(*) > 0 as holds
            from pg_locks
            where
                locktype = ''advisory''
                and granted
                and pid = pg_backend_pid()
                and (classid::bigint::bit(64) << 32 | objid::bigint::bit(64)) = ({})::bigint::bit(64)
            ',
            $key::bigint
        )
    )
