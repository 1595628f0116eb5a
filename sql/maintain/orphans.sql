-- Parquet files of the lake's folder, last written before $older_than, that the catalog has never listed: their writer was
-- killed. The names of data files are unique, so they are compared without their folders.
with listed as (
    select path from __ducklake_metadata_lake.ducklake_data_file
    union all
    select path from __ducklake_metadata_lake.ducklake_delete_file
    union all
    select path from __ducklake_metadata_lake.ducklake_files_scheduled_for_deletion
)

select stored.filename
from read_blob($pattern) as stored
where
    stored.last_modified < $older_than
    and parse_filename(stored.filename) not in (select parse_filename(path) from listed)
