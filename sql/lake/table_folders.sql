-- Folders of all tables below $data_path, also of dropped ones: DuckLake writes into these only.
with schemas as (
    select schema_id, if(path_is_relative, $data_path || path, path) as folder
    from __ducklake_metadata_lake.ducklake_schema
)

select distinct if(tables.path_is_relative, schemas.folder || tables.path, tables.path) as folder
from __ducklake_metadata_lake.ducklake_table as tables
inner join schemas on tables.schema_id = schemas.schema_id
order by folder
