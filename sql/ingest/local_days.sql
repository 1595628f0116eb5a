-- Rows of each local day that are still to be checked, and the quarter of an hour in which the first of them lies. Quarters of an hour are counted first: no zone's midnight divides
-- one, and they are few where rows are millions.
select
    make_timestamptz(min(quarter) * 900000000) as first_quarter,
    sum(rows)::bigint as rows
from (
    select epoch_us(ts) // 900000000 as quarter, count(*) as rows
    from stamped
    where reason is null
    group by quarter
)
group by date_trunc('day', make_timestamptz(quarter * 900000000) at time zone $zone)
order by first_quarter
