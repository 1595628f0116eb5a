-- Calls of each pool, interval by interval: the plan's bands from joint paths, the week before, and the plan of the origin
-- before.
with members as (
    select unnest($series) as series_id, unnest($pools) as pool
),

current as (
    select pool_id as pool, ts, calls, q05, q10, q25, q50, q75, q90, q95
    from analyst.pool_calls_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and ts >= $since and ts < $until
),

totals as (
    select pool, row_number() over (order by round(sum(calls), 6) desc, pool) as place
    from current
    group by pool
),

before as (
    select pool_id as pool, ts, q50
    from analyst.pool_calls_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $previous and ts >= $since and ts < $until
),

week_before as (
    select
        members.pool,
        (history.ts at time zone $zone + interval 7 days) at time zone $zone as ts,
        if(count(history.y) = count(*), sum(history.y), null) as y
    from analyst.history_as_of($origin) as history
    inner join members using (series_id)
    where history.stream = $stream
        and history.ts >= $since::timestamptz - interval 8 days
        and history.ts < $until::timestamptz - interval 6 days
    group by all
)

select
    current.pool as series,
    current.ts,
    current.ts at time zone $zone as local_time,
    current.q05,
    current.q10,
    current.q25,
    current.q50 as median,
    current.q75,
    current.q90,
    current.q95,
    week_before.y as last_week,
    before.q50 as forecast_before
from current
inner join totals on current.pool = totals.pool
left join week_before on current.pool = week_before.pool and current.ts = week_before.ts
left join before on current.pool = before.pool and current.ts = before.ts
where totals.place <= $most
order by totals.place, current.ts
