insert into planning.capacity by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from plan_rows
order by series_id, failure
