-- Names of the files that hold the lake and its older snapshots.
select distinct parse_filename(path) as name
from (
    select path from __ducklake_metadata_lake.ducklake_data_file
    union all
    select path from __ducklake_metadata_lake.ducklake_delete_file
)
