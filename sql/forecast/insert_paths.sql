insert into forecast.paths by name
select $run_id as run_id, $stream as stream, $origin as origin, *
from path_rows
order by series_id, ts
