-- Mean demand by local day and cell, as known at an instant: cells are series, or hours of series. Of at most so many series,
-- spread evenly over all.
with names as (
    select distinct series_id
    from history.series
    where stream = $stream
),

chosen as (
    select series_id
    from names
    qualify (row_number() over (order by series_id) - 1) % greatest((count(*) over () / $most)::integer, 1) = 0
),

known as (
    select demand.series_id, demand.ts, arg_max_null(demand.y, demand.available_at) as y
    from history.demand as demand
    inner join chosen on demand.series_id = chosen.series_id
    where demand.stream = $stream
        and demand.ts >= $since
        and demand.ts < $until
        and demand.available_at <= $until
    group by demand.series_id, demand.ts
)

select
    (ts at time zone $zone)::date as day,
    series_id || if($by_hour, ' ' || strftime(ts at time zone $zone, '%H'), '') as cell,
    avg(y) as level
from known
where y is not null
group by all
order by day, cell
