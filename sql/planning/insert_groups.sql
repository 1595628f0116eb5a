insert into planning.groups by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from plan_rows
order by group_id, ts, confidence
