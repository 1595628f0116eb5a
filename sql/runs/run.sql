-- A run of a stream that is under way.
select kind, origin, started_at, snapshot_id
from forecast.runs
where run_id = $run_id and stream = $stream and status = 'running'
