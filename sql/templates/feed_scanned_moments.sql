-- Starts of intervals of a large feed that was read, with their rows.
select
    time_bucket($step, @instant@, $anchor) as moment,
    coalesce(sum(rows), 0)::bigint as rows,
    coalesce(sum(good), 0)::bigint as good,
    coalesce(sum(good + known_odd), 0)::bigint as known,
    min(@instant@) as first_ts,
    max(@instant@) as last_ts
from (
    select rows, good, known_odd, @ts@ as ts
    from scanned
    where is_moment
)
group by moment
order by moment
