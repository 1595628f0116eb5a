-- Whether this lake was ever migrated. DuckDB's own list of tables would ask for the size of every one of them.
select count(*) > 0
from __ducklake_metadata_lake.ducklake_table as tables
inner join __ducklake_metadata_lake.ducklake_schema as schemas on tables.schema_id = schemas.schema_id
where tables.table_name = 'migrations' and schemas.schema_name = 'meta' and tables.end_snapshot is null
