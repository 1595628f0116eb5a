-- Forecast rows of intervals before their origin, or of steps before the first.
select count(*) as failed, min(run_id || ': ' || series_id || ' at ' || ts::varchar) as first
from forecast.forecasts
where stream = $stream and origin >= $since and (ts < origin or horizon_step < 1)
