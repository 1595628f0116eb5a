-- Newest runs first.
select run_id, kind, stream, origin, status, rows, model_id, started_at, finished_at, message
from forecast.runs
where $stream is null or stream = $stream
order by started_at desc, run_id desc
limit $most
