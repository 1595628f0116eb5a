-- Tables and views of an attached database: used once, when a stream over it is added.
select schema_name, table_name
from system.main.duckdb_tables()
where database_name = $database
union
select schema_name, view_name
from system.main.duckdb_views()
where database_name = $database and not internal
order by 1, 2
