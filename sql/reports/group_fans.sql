-- Groups of one level of the hierarchy, interval by interval: forecast and bands from joint paths, the forecast of the
-- origin before.
with current as (
    select group_key, ts, mean, q05, q10, q25, q50, q75, q90, q95
    from analyst.aggregates_as_of('infinity'::timestamptz)
    where stream = $stream
        and origin = $origin
        and level = $level
        and period = 'interval'
        and stat = $stat
        and ts >= $since
        and ts < $until
),

totals as (
    select group_key, row_number() over (order by round(sum(mean), 6) desc, group_key) as place
    from current
    group by group_key
),

before as (
    select group_key, ts, q50
    from analyst.aggregates_as_of('infinity'::timestamptz)
    where stream = $stream
        and origin = $previous
        and level = $level
        and period = 'interval'
        and stat = $stat
        and ts >= $since
        and ts < $until
)

select
    current.group_key as series,
    current.ts,
    current.ts at time zone $zone as local_time,
    current.q05,
    current.q10,
    current.q25,
    current.q50 as median,
    current.q75,
    current.q90,
    current.q95,
    null::double as last_week,
    before.q50 as forecast_before
from current
inner join totals on current.group_key = totals.group_key
left join before on current.group_key = before.group_key and current.ts = before.ts
where totals.place <= $most
order by totals.place, current.ts
