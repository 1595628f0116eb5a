-- A whole feed, read as its extract would: a row for each series and one for each time at which any series has a value.
with readings as (
    select @series@ as series_id, @ts@ as ts, @y@ as y, try_cast(y as double) as number
    from @rows@
    where @kept@
),

judged as (
    select
        series_id,
        ts,
        case
            when ts is null then 'no_time'
            when y is null then 'unknown'
            when number is null then 'unreadable'
            when not isfinite(number) then 'not_finite'
            when number < 0 then 'negative'
            else 'good'
        end as verdict,
        case when number is null then y::varchar end as strange
    from readings
),

counted as (
    select
        grouping(series_id) = 1 as is_moment,
        series_id,
        ts,
        count(*) as rows,
        min(ts) as first_ts,
        max(ts) as last_ts,
        count_if(verdict = 'no_time')::bigint as no_time,
        count_if(verdict = 'unknown')::bigint as unknown,
        count_if(verdict = 'unreadable')::bigint as unreadable,
        count_if(verdict = 'not_finite')::bigint as not_finite,
        count_if(verdict = 'negative')::bigint as negative,
        count_if(verdict = 'good')::bigint as good,
        min(strange) as strange
    from judged
    group by grouping sets ((series_id), (ts))
)

select
    counted.* exclude (ts, first_ts, last_ts),
    time_bucket($step, @instant@, $anchor) as moment,
    @first@ as first_ts,
    @last@ as last_ts
from counted
