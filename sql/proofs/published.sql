-- Everything that is published of an origin, but for which run said it.
with spoken as (
    select arg_max(run_id, published_at) as run_id
    from forecast.publications
    where stream = $stream and origin = $origin and kind in ('nightly', 'manual', 'backfill')
)

select forecasts.* exclude (run_id)
from forecast.forecasts as forecasts
inner join spoken on forecasts.run_id = spoken.run_id
where forecasts.stream = $stream and forecasts.origin = $origin
order by forecasts.series_id, forecasts.ts
