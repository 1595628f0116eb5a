-- Files that hold the lake as it is now.
select coalesce(sum(file_count), 0)::bigint
from ducklake_table_info('lake')
