-- The largest series of a sample, by the sum of their values.
select series_read::varchar as series_id
from readings
where series_read is not null
group by all
order by sum(try_cast(y_read as double)) filter (isfinite(try_cast(y_read as double))) desc nulls last, series_id
limit $series
