-- Forecast rows of intervals before their origin, or of steps before the first.
with
-- include templates/current_runs.sql
checked as (
    select * from forecast.forecasts where stream = $stream and origin >= $since and run_id in (from current_runs)
)

select
    count(*) as failed,
    min(run_id || ': ' || series_id || ' at ' || ts::varchar) as first,
    list_sort(list(distinct origin)) as origins
from checked
where ts < origin or horizon_step < 1
