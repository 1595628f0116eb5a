-- What distinguishes this lake from every other: DuckLake gave this number to its first schema when it was made.
select schema_uuid::varchar
from __ducklake_metadata_lake.ducklake_schema
where schema_id = 0
