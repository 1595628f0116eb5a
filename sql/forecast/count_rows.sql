-- Rows and distinct keys that a run has written.
select count(*) as rows, count(distinct (series_id, ts)) as keys
from forecast.forecasts
where stream = $stream and origin = $origin and run_id = $run_id
