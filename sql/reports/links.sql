-- Links that need an order, the most urgent first.
select
    series_id as link,
    peak,
    utilisation,
    growth,
    runout_q10,
    runout_q50,
    runout_q90,
    least(order_by, n1_order_by) as needed_by,
    order_step,
    order_cost,
    expected_delay_loss,
    order_by,
    n1_failure,
    n1_utilisation,
    n1_order_by,
    due or coalesce(n1_due, false) as due
from analyst.capacity_watchlist_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin
order by due desc, needed_by nulls last, expected_delay_loss desc nulls last, link
limit $most
