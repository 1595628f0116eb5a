-- Delete rows of the planners' inbox by their ids, which are separated by commas.
call system.main.postgres_execute(
    'catalog_server',
    format('delete from planners.inbox where id = any (string_to_array(''{}'', '','')::uuid[])', $ids::varchar)
)
