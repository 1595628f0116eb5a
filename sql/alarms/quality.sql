-- Of each origin: the intervals of the day before it that had been forecast, and demand as it was known at the origin beside
-- the newest forecast that there was for each. Of all series together and of each group of a level.
with origins as (
    select unnest($origins)::timestamptz as origin
),

spans as (
    select origin, run_id, lead(origin, 1, 'infinity'::timestamptz) over (order by origin) as next_origin
    from forecast.current_publications(false, 'infinity'::timestamptz, (select max(origin) from origins), false)
    where stream = $stream and not hindsight and origin >= $since
),

forecasts as (
    select
        forecasts.series_id,
        forecasts.ts,
        forecasts.ts + to_minutes($minutes + $delay) as due,
        forecasts.mean,
        forecasts.q10,
        forecasts.q50,
        forecasts.q90
    from forecast.forecasts as forecasts
    inner join spans
        on forecasts.origin = spans.origin
        and forecasts.run_id = spans.run_id
        and forecasts.ts < spans.next_origin
    where forecasts.stream = $stream
        and forecasts.origin >= $since
        and forecasts.ts < (select max(origin) from origins)
),

due as (
    select forecasts.*, origins.origin
    from forecasts
    asof inner join origins on forecasts.due <= origins.origin
    where forecasts.due > origins.origin - interval 1 day
),

known as (
    select due.origin, due.series_id, due.ts, arg_max_null(demand.y, demand.available_at) as y
    from due
    inner join history.demand as demand
        on due.series_id = demand.series_id and due.ts = demand.ts and demand.available_at <= due.origin
    where demand.stream = $stream and demand.ts >= $since and demand.ts < (select max(origin) from origins)
    group by due.origin, due.series_id, due.ts
),

groups as (
    select series_id, $level || '=' || attributes[$level] as place
    from analyst.series
    where stream = $stream and attributes[$level] is not null
)

select
    due.origin,
    coalesce(groups.place, '*') as place,
    count(*) as due,
    count(known.y) as known,
    sum(abs(due.mean)) filter (where known.y is not null) as forecast,
    sum(due.mean - known.y) as difference,
    sum(abs(known.y - due.q50)) as error,
    avg((known.y between due.q10 and due.q90)::integer) as inside
from due
left join known on due.origin = known.origin and due.series_id = known.series_id and due.ts = known.ts
left join groups on due.series_id = groups.series_id
group by grouping sets ((due.origin), (due.origin, groups.place))
having grouping(groups.place) = 1 or groups.place is not null
order by due.origin, place
