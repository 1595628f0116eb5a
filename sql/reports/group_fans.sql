-- Groups of one level of the hierarchy, interval by interval: forecast and bands from joint paths, the week before where
-- nearly all series of the group were measured, the forecast of the origin before.
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

members as (
    select series_id, arg_max(attributes, (valid_from, known_at))[$level] as group_key
    from history.series
    where stream = $stream and known_at <= $origin
    group by series_id
),

measured as (
    select
        members.group_key,
        history.series_id,
        (history.ts at time zone $zone + interval 7 days) at time zone $zone as ts,
        max(history.y) as y
    from analyst.history_as_of($origin) as history
    inner join members on history.series_id = members.series_id
    where history.stream = $stream
        and history.ts >= $since::timestamptz - interval 8 days
        and history.ts < $until::timestamptz - interval 6 days
    group by all
),

week_before as (
    select group_key, ts, sum(y) as y, count(y) as series, max(series) over (partition by group_key) as most_series
    from measured
    group by group_key, ts
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
    if(week_before.series >= 0.95 * week_before.most_series, week_before.y, null) as last_week,
    before.q50 as forecast_before
from current
inner join totals on current.group_key = totals.group_key
left join week_before on current.group_key = week_before.group_key and current.ts = week_before.ts
left join before on current.group_key = before.group_key and current.ts = before.ts
where totals.place <= $most
order by totals.place, current.ts
