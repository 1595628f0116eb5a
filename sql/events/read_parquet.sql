create or replace temp table event_file as
select *
from read_parquet($file)
