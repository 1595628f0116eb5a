-- Links that a planner has to look at, most urgent first. The order holds for a plain select from the view; a join, a group
-- or an order by replaces it.
create or replace view analyst.capacity_watchlist as
    with worst as (
        select *
        from analyst.capacity_latest
        where failure <> 'none'
        qualify
            row_number() over (
                partition by stream, series_id
                order by order_by nulls last, utilisation desc, failure
            ) = 1
    )

    select
        intact.stream,
        intact.series_id,
        intact.parallel,
        intact.origin,
        intact.capacity,
        intact.peak,
        intact.utilisation,
        intact.headroom,
        intact.growth,
        intact.runout_q10,
        intact.runout_q50,
        intact.runout_q90,
        intact.runout_probability,
        intact.order_by,
        intact.due,
        intact.rule,
        intact.step,
        intact.cost,
        intact.wait_cost,
        intact.expected_delay_loss,
        worst.failure as n1_failure,
        worst.utilisation as n1_utilisation,
        worst.order_by as n1_order_by,
        worst.due as n1_due,
        intact.suppressed,
        intact.run_id
    from analyst.capacity_latest as intact
    left join worst on intact.stream = worst.stream and intact.series_id = worst.series_id
    where intact.failure = 'none' and (intact.rule <> 'not_needed' or worst.due)
    order by
        intact.due desc,
        intact.order_by nulls last,
        intact.expected_delay_loss desc nulls last,
        worst.order_by nulls last,
        intact.stream,
        intact.series_id;

comment on view analyst.capacity_watchlist is 'Links of the current plan that need an order: each with all links up, beside the failure of a parallel link that needs the earliest order. Sorted: due ones first, then by order_by, then by expected_delay_loss; another order by replaces that.';
