-- Every series of a stream: its first two local days, the week before and the forecast of the origin before.
with current as (
    select series_id, (ts at time zone $zone)::date as day, ts, mean, tier
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and ts >= $since and ts < $until
),

before as (
    select series_id, ts, mean
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $previous and ts >= $since and ts < $until
),

week_before as (
    select series_id, (ts at time zone $zone + interval 7 days) at time zone $zone as ts, max(y) as y
    from analyst.history_as_of($origin)
    where stream = $stream and ts >= $since::timestamptz - interval 8 days and ts < $until::timestamptz - interval 6 days
    group by all
)

select
    current.series_id as series,
    current.day,
    if($averages, avg(current.mean), sum(current.mean)) as forecast,
    if($averages, avg(before.mean), sum(before.mean)) as forecast_before,
    if($averages, avg(week_before.y), sum(week_before.y)) as last_week,
    max(current.mean) as busiest,
    strftime(arg_max(current.ts, (current.mean, -epoch(current.ts))) at time zone $zone, '%H:%M') as busiest_at,
    min(current.tier) as produced_by
from current
left join before on current.series_id = before.series_id and current.ts = before.ts
left join week_before on current.series_id = week_before.series_id and current.ts = week_before.ts
group by current.series_id, current.day
order by round(sum(forecast) over (partition by current.series_id), 6) desc, series, current.day
limit $most
