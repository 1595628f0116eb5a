-- A training holds its lock for hours without a statement, for which the server must not end its transaction. A machine that is
-- switched off must not hold it for the two hours after which a server looks by itself whether anybody is there.
select *
from
    system.main.postgres_query(
        'catalog_server',
        '
        select
            set_config(''idle_in_transaction_session_timeout'', ''0'', true) as idle,
            set_config(''tcp_keepalives_idle'', ''10'', true) as first_look,
            set_config(''tcp_keepalives_interval'', ''5'', true) as further_looks,
            set_config(''tcp_keepalives_count'', ''3'', true) as looks
        '
    )
