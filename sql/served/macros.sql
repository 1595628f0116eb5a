-- Macros of analysts, by schema and name.
select distinct lower(schema_name), lower(function_name)
from system.main.duckdb_functions()
where database_name = 'memory' and schema_name = 'analyst' and not internal
order by all
