-- Everything that is published of an origin, forecasts and then their sums, but for the run.
with publication as (
    select arg_max(run_id, published_at) as run_id
    from forecast.publications
    where stream = $stream and origin = $origin and kind in ('nightly', 'manual', 'backfill')
),

rows as (
    select forecasts.* exclude (run_id)
    from forecast.forecasts as forecasts
    inner join publication on forecasts.run_id = publication.run_id
    where forecasts.stream = $stream and forecasts.origin = $origin
    union all by name
    select
        aggregates.* exclude (run_id, level, group_key),
        aggregates.level || ':' || aggregates.group_key as series_id
    from forecast.aggregates as aggregates
    inner join publication on aggregates.run_id = publication.run_id
    where aggregates.stream = $stream and aggregates.origin = $origin
)

select *
from rows
order by stat is not null, series_id, ts, period, stat
