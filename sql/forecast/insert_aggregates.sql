insert into forecast.aggregates by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from aggregate_rows
order by level, group_key, stat, period, ts
