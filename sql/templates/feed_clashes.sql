-- Rows of a sample that share a time and a key, with other values and with the same one; and all rows. Local times that
-- clocks show twice are left out: two rows of one are two intervals.
select
    coalesce(sum(rows) filter (rows > 1 and first is distinct from last), 0) as differing,
    coalesce(sum(rows) filter (rows > 1 and first is not distinct from last), 0) as equal,
    coalesce(sum(rows), 0) as rows
from (
    select count(*) as rows, min(y_read) as first, max(y_read) as last
    from readings
    where ts_read is not null and not @doubled@
    group by ts_read, @keys@
)
