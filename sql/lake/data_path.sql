-- Where the catalog says that the lake's data lie.
select value
from __ducklake_metadata_lake.ducklake_metadata
where key = 'data_path'
