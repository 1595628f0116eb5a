-- Share of a sample's intervals that hold all their parts.
select avg((parts >= $parts)::double) as complete
from (
    select count(y_read) as parts
    from readings
    where ts_read is not null
    group by series_read, @bucket@
)
