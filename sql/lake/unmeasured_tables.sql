-- Tables of which the catalog keeps no statistics, for nothing was ever written to them.
select tables.schema_name || '.' || tables.table_name
from duckdb_tables() as tables
where
    tables.database_name = 'lake'
    and (tables.schema_name, tables.table_name) not in (
        select (schemas.schema_name, measured.table_name)
        from __ducklake_metadata_lake.ducklake_table as measured
        inner join __ducklake_metadata_lake.ducklake_schema as schemas on measured.schema_id = schemas.schema_id
        inner join __ducklake_metadata_lake.ducklake_table_stats as statistics on measured.table_id = statistics.table_id
        where measured.end_snapshot is null
    )
