-- Tables of the lake, which its views read.
select schema_name, table_name
from system.main.duckdb_tables()
where database_name = $lake and not internal
order by schema_name, table_name
