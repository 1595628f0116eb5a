-- The rows of a run that one table of a plan holds now.
select * exclude (run_id, stream, origin)
from query_table($table)
where run_id = $run_id and stream = $stream and origin = $origin
