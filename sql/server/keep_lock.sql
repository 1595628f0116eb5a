-- A training holds its lock for hours without a statement, for which the server must not end its transaction.
select *
from
    system.main.postgres_query(
        'catalog_server', 'select set_config(''idle_in_transaction_session_timeout'', ''0'', true) as idle'
    )
