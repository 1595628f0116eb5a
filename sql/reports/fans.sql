-- The series with most demand in a span, interval by interval: forecast, its bands, the week before, the forecast of the
-- origin before.
with current as (
    select series_id, ts, mean, q05, q10, q25, q50, q75, q90, q95
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and ts >= $since and ts < $until
),

totals as (
    select series_id, row_number() over (order by round(sum(mean), 6) desc, series_id) as place
    from current
    group by series_id
),

before as (
    select series_id, ts, q50
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
inner join totals on current.series_id = totals.series_id
left join week_before on current.series_id = week_before.series_id and current.ts = week_before.ts
left join before on current.series_id = before.series_id and current.ts = before.ts
where totals.place <= $most
order by totals.place, current.ts
