-- Weekly peaks of links: thirteen weeks measured, thirteen ahead, and the ceiling.
with measured as (
    select series_id, -ceil(date_diff('day', ts, $origin) / 7)::integer as week, max(y) as peak
    from analyst.history_as_of($origin)
    where stream = $peak_stream and ts >= $origin::timestamptz - interval 91 days and series_id in $links
    group by all
),

ahead as (
    select
        series_id,
        floor(date_diff('day', $origin, ts) / 7)::integer + 1 as week,
        max(q10) as low,
        max(q50) as peak,
        max(q90) as high
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = $peak_stream
        and origin = $peak_origin
        and ts < $origin::timestamptz + interval 91 days
        and series_id in $links
    group by all
),

ceilings as (
    select series_id, any_value(ceiling) as ceiling
    from analyst.capacity_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and failure = 'none'
    group by series_id
),

weeks as (
    select series_id, week, null::double as low, peak, null::double as high
    from measured
    union all
    select series_id, week, low, peak, high
    from ahead
)

select weeks.series_id as link, weeks.week, weeks.low, weeks.peak, weeks.high, ceilings.ceiling
from weeks
left join ceilings on weeks.series_id = ceilings.series_id
where weeks.week between -13 and 13
order by link, weeks.week
