-- Names of all files that the catalog lists, for a table now, for an older snapshot, or to be removed. They are unique, so
-- they are compared without their folders.
select distinct parse_filename(path) as name
from (
    select path from __ducklake_metadata_lake.ducklake_data_file
    union all
    select path from __ducklake_metadata_lake.ducklake_delete_file
    union all
    select path from __ducklake_metadata_lake.ducklake_files_scheduled_for_deletion
)
