-- A whole feed, read as its extract would: a row for each series and one for each interval in which any series has a value.
with readings as (
    select @series@ as series_id, @ts@ as ts, @y@ as y
    from @rows@
    where @kept@
),

judged as (
    select
        series_id,
        @instant@ as instant,
        case
            when ts is null then 'no_time'
            when y is null then 'unknown'
            when try_cast(y as double) is null then 'unreadable'
            when not isfinite(try_cast(y as double)) then 'not_finite'
            when try_cast(y as double) < 0 then 'negative'
            else 'good'
        end as verdict,
        case when try_cast(y as double) is null then y::varchar end as strange
    from readings
)

select
    grouping(series_id) = 1 as is_moment,
    series_id,
    time_bucket($step, instant, $anchor) as moment,
    count(*) as rows,
    min(instant) as first_ts,
    max(instant) as last_ts,
    count_if(verdict = 'no_time')::bigint as no_time,
    count_if(verdict = 'unknown')::bigint as unknown,
    count_if(verdict = 'unreadable')::bigint as unreadable,
    count_if(verdict = 'not_finite')::bigint as not_finite,
    count_if(verdict = 'negative')::bigint as negative,
    count_if(verdict = 'good')::bigint as good,
    min(strange) as strange
from judged
group by grouping sets ((series_id), (moment))
