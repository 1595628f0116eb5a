-- What a planner has to look at, most urgent first. A view keeps its order for whoever selects from it alone; a join, a
-- group or an order by of one's own does not.
create or replace view analyst.capacity_watchlist as
    with worst as (
        select *
        from analyst.capacity_latest
        where scenario <> 'base'
        qualify
            row_number() over (
                partition by stream, series_id
                order by order_by nulls last, utilisation desc, scenario
            ) = 1
    )

    select
        base.stream,
        base.series_id,
        base.parallel,
        base.origin,
        base.capacity,
        base.peak,
        base.utilisation,
        base.headroom,
        base.growth,
        base.runout_q10,
        base.runout_q50,
        base.runout_q90,
        base.runout_probability,
        base.order_by,
        base.due,
        base.rule,
        base.step,
        base.cost,
        base.wait_cost,
        base.expected_delay_loss,
        worst.scenario as n1_scenario,
        worst.utilisation as n1_utilisation,
        worst.order_by as n1_order_by,
        worst.due as n1_due,
        base.suppressed,
        base.run_id
    from analyst.capacity_latest as base
    left join worst on base.stream = worst.stream and base.series_id = worst.series_id
    where base.scenario = 'base' and (base.rule <> 'not_needed' or worst.due)
    order by
        base.due desc,
        base.order_by nulls last,
        base.expected_delay_loss desc nulls last,
        worst.order_by nulls last,
        base.stream,
        base.series_id;

comment on view analyst.capacity_watchlist is 'Links that need something, of the plan of capacity that speaks now: each as things are, beside the failure of a parallel link that asks for the earliest order. Sorted: due ones first, then by order_by, then by expected_delay_loss; an order by of one''s own replaces that.';
