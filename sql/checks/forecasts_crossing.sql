-- Forecast rows whose quantiles cross or are no numbers.
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
where
    not (
        q05 <= q10
        and q10 <= q25
        and q25 <= q50
        and q50 <= q75
        and q75 <= q90
        and q90 <= q95
        and isfinite(q05)
        and isfinite(q95)
        and isfinite(mean)
    )
