-- Who holds the lock of that number.
select *
from
    system.main.postgres_query(
        'catalog_server',
        format(
            '
            select
                ''process '' || locks.pid
                || coalesce('' from '' || host(activity.client_addr), '''')
                || '' since '' || date_trunc(''second'', activity.xact_start) as holder
            from pg_locks as locks
            left join pg_stat_activity as activity on locks.pid = activity.pid
            where
                locks.locktype = ''advisory''
                and locks.granted
                and locks.objsubid = 1
                and locks.database = (select oid from pg_database where datname = current_database())
                and (locks.classid::bigint::bit(64) << 32 | locks.objid::bigint::bit(64)) = ({})::bigint::bit(64)
            ',
            $key::bigint
        )
    )
