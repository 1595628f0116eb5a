-- Rows of a sample that share a time and a key: with other values or something else that differs, and with nothing that
-- does; and all rows. Local times that clocks show twice are left out: two rows of one are two intervals.
select
    coalesce(sum(rows) filter (rows > 1 and differ), 0) as clashing,
    coalesce(sum(rows) filter (rows > 1 and not differ), 0) as alike,
    coalesce(sum(rows), 0) as rows
from (
    select
        count(*) as rows,
        min(y_read) is distinct from max(y_read) or min(others_read) <> max(others_read) as differ
    from (select *, hash(@others@) as others_read from readings)
    where ts_read is not null and not @doubled@
    group by ts_read, @keys@
)
