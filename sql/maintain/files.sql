-- Files that hold a table now, with their size in bytes.
select data_file, data_file_size_bytes
from ducklake_list_files('lake', $table, schema => $schema)
order by data_file
