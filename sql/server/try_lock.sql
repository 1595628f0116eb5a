-- Whether the lock of that number was free; it is held now until the transaction ends.
select *
from
    system.main.postgres_query(
        'catalog_server', format('select pg_try_advisory_xact_lock({}) as had', $key::bigint)
    )
