-- Error by day over four weeks, of the newest forecast that there was for each interval, with limits that usual days stay
-- inside: mean and moving ranges, as on a control chart of individual values.
with days as (
    select
        (ts at time zone $zone)::date as day,
        sum(abs(y - q50)) / nullif(sum(abs(y)), 0) as error,
        sum(q50 - y) / nullif(sum(abs(y)), 0) as bias,
        sum(y) as demand
    from analyst.freshest_vs_actual($stream, $since, $origin)
    group by all
),

steps as (
    select *, abs(error - lag(error) over (order by day)) as step
    from days
    where error is not null
)

select
    day,
    error,
    bias,
    avg(error) over () as centre,
    greatest(avg(error) over () - 2.66 * avg(step) over (), 0) as lower_limit,
    avg(error) over () + 2.66 * avg(step) over () as upper_limit
from steps
order by day
