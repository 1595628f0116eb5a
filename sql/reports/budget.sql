-- What the links of the watch list cost, by the quarter in which they are to be ordered.
select
    coalesce(order_quarter, 'beyond the horizon') as quarter,
    count(*) as links,
    count(*) filter (where due or coalesce(n1_due, false)) as due,
    count(*) filter (where order_step is null) as without_step,
    sum(order_cost) as cost
from analyst.capacity_watchlist_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin
group by order_quarter
order by order_quarter nulls last
