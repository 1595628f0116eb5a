create or replace temp table event_file as
select *
from read_csv($file, header = true, all_varchar = true)
