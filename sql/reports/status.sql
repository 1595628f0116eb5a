-- Streams that have published, with their newest origin, and whether it is complete; local where the zone is on record.
with forecasts as (
    select *
    from forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, true)
),

plans as (
    select *
    from forecast.current_publications(true, 'infinity'::timestamptz, 'infinity'::timestamptz, true)
)

select
    forecasts.stream,
    if(forecasts.complete, 'complete', 'not complete') as status,
    forecasts.origin at time zone coalesce(streams.timezone, 'UTC') as origin_local,
    forecasts.published_at at time zone coalesce(streams.timezone, 'UTC') as published,
    plans.published_at at time zone coalesce(streams.timezone, 'UTC') as planned
from forecasts
left join plans on forecasts.stream = plans.stream
left join history.current_streams as streams on forecasts.stream = streams.stream
order by forecasts.stream
