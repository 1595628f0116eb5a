-- Whether this lake was ever migrated.
select count(*) > 0
from duckdb_tables()
where database_name = 'lake' and schema_name = 'meta' and table_name = 'migrations'
