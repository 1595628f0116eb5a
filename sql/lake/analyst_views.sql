-- Views of analysts.
select view_name
from system.main.duckdb_views()
where database_name = current_database() and schema_name = 'analyst'
