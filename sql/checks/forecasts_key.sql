-- Intervals that a run forecast more than once.
with twice as (
    select run_id, series_id, ts
    from forecast.forecasts
    where stream = $stream and origin >= $since
    group by run_id, series_id, ts
    having count(*) > 1
)

select count(*) as failed, min(run_id || ': ' || series_id || ' at ' || ts::varchar) as first
from twice
