insert into planning.staffing by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from plan_rows
order by pool_id, ts, confidence
