-- Rows of single events that are there more than once: all of them, and those on days on which nearly all rows are.
with alike as (
    select ts_read, count(*) as copies
    from (select ts_read, hash(readings) as row_read from readings where ts_read is not null)
    group by ts_read, row_read
),

days as (
    select
        sum(copies) filter (copies > 1) as repeated,
        greatest(sum(copies) filter (copies % 2 = 0), sum(copies) filter (copies % 3 = 0)) >= 0.95 * sum(copies) as is_whole
    from alike
    group by date_trunc('day', ts_read)
)

select coalesce(sum(repeated), 0)::bigint as repeated, coalesce(sum(repeated) filter (is_whole), 0)::bigint as on_whole_days
from days
