-- Of each published origin: whether it is complete, how long the forecast took, and the share of series that have no trained
-- method.
with origins as (
    select unnest($origins)::timestamptz as origin
),

published as (
    select publications.origin, publications.run_id, publications.complete
    from forecast.current_publications(false, 'infinity'::timestamptz, (select max(origin) from origins), false) as publications
    inner join origins on publications.origin = origins.origin
    where publications.stream = $stream
),

series as (
    select
        forecasts.origin,
        count(distinct forecasts.series_id) as series,
        count(distinct forecasts.series_id) filter (where forecasts.tier in ('last_four', 'seasonal_naive', 'cold_start'))
            as fallbacks
    from forecast.forecasts as forecasts
    inner join published on forecasts.origin = published.origin and forecasts.run_id = published.run_id
    where forecasts.stream = $stream and forecasts.horizon_step <= $steps
    group by forecasts.origin
)

select
    published.origin,
    published.complete,
    date_diff('second', runs.started_at, runs.finished_at) / 60 as minutes,
    series.fallbacks / nullif(series.series, 0) as fallbacks
from published
left join forecast.runs as runs on published.run_id = runs.run_id
left join series on published.origin = series.origin
order by published.origin
