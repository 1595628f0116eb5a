-- Which server and database this is, however the connection names them.
select *
from
    system.main.postgres_query(
        'catalog_server',
        'select ''postgres '' || system_identifier || '', database '' || current_database() as place from pg_control_system()'
    )
