-- Of each origin: hours of forecast intervals that were due at it and begin after the newest value known by then.
with origins as (
    select unnest($origins)::timestamptz as origin
),

spans as (
    select origin, run_id, lead(origin, 1, 'infinity'::timestamptz) over (order by origin) as next_origin
    from forecast.current_publications(false, 'infinity'::timestamptz, (select max(origin) from origins), false)
    where stream = $stream and origin >= $since
),

due as (
    select distinct forecasts.ts
    from forecast.forecasts as forecasts
    inner join spans
        on forecasts.origin = spans.origin
        and forecasts.run_id = spans.run_id
        and forecasts.ts < spans.next_origin
    where forecasts.stream = $stream
        and forecasts.origin >= $since
        and forecasts.ts < (select max(origin) from origins)
),

known as (
    select ts, min(available_at) as known_at
    from history.demand
    where stream = $stream and y is not null and ts >= $since and ts < (select max(origin) from origins)
    group by ts
),

newest as (
    select origins.origin, max(known.ts) as ts
    from origins
    left join known on known.known_at <= origins.origin and known.ts < origins.origin
    group by origins.origin
)

select newest.origin, count(due.ts) filter (where due.ts > coalesce(newest.ts, '-infinity'::timestamptz)) * $minutes / 60 as hours
from newest
inner join due
    on due.ts + to_minutes($minutes + $delay) <= newest.origin
    and due.ts >= newest.origin - interval 10 days
group by newest.origin
order by newest.origin
