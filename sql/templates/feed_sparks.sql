-- Mean values of the largest series of a sample in so many equal spans of time, for a line each.
with values as (
    select series_read::varchar as series_id, local_read as ts, try_cast(y_read as double) as y
    from readings
    where local_read between $first and $last and isfinite(try_cast(y_read as double))
),

largest as (
    select series_id
    from values
    where series_id is not null
    group by series_id
    order by sum(y) desc, series_id
    limit $series
)

select
    values.series_id,
    least(floor(epoch(values.ts - $first) * $spans / greatest(epoch($last - $first), 1)), $spans - 1)::integer as span,
    avg(values.y) as y
from values
semi join largest on values.series_id = largest.series_id
group by all
order by values.series_id, span
