-- Views of analysts.
select view_name
from system.main.duckdb_views()
where database_name = $lake and schema_name = 'analyst'
order by view_name
