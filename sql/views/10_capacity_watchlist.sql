-- Links that a planner has to look at, most urgent first. The order holds for a plain select from the view; a join, a group
-- or an order by replaces it.
create or replace macro planning.published_watchlist(published_by, origin_by, newest_only) as table
    with links as (
        select *
        from planning.published_capacity(published_by, origin_by, newest_only)
    ),

    worst as (
        select *
        from links
        where failure <> 'none'
        qualify
            row_number() over (
                partition by stream, origin, series_id
                order by order_by nulls last, utilisation desc, failure
            ) = 1
    ),

    largest as (
        select *
        from links
        where failure <> 'none' and step is not null
        qualify
            row_number() over (
                partition by stream, origin, series_id
                order by step_capacity desc, cost desc, failure
            ) = 1
    ),

    listed as (
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
            intact.run_id,
            largest.step as n1_step,
            largest.cost as n1_cost,
            coalesce(largest.step_capacity > intact.step_capacity, largest.step is not null) as for_n1,
            if(for_n1, largest.step, intact.step) as order_step,
            if(for_n1, largest.cost, intact.cost) as order_cost,
            least(intact.order_by, worst.order_by) as needed_by,
            strftime(greatest(needed_by, intact.origin::date), '%Y') || '-Q' || quarter(greatest(needed_by, intact.origin::date))
                as order_quarter,
            intact.currency,
            intact.published_at,
            intact.complete,
            intact.unit
        from links as intact
        left join worst
            on intact.stream = worst.stream
            and intact.origin = worst.origin
            and intact.series_id = worst.series_id
        left join largest
            on intact.stream = largest.stream
            and intact.origin = largest.origin
            and intact.series_id = largest.series_id
        where intact.failure = 'none' and (intact.rule <> 'not_needed' or worst.due or worst.rule <> 'not_needed')
    )

    select * exclude (for_n1, needed_by)
    from listed
    order by
        due desc,
        order_by nulls last,
        expected_delay_loss desc nulls last,
        n1_order_by nulls last,
        stream,
        series_id;

create or replace view analyst.capacity_watchlist as
    select *
    from planning.published_watchlist('infinity'::timestamptz, 'infinity'::timestamptz, true);

comment on view analyst.capacity_watchlist is 'Links of the current plan that need an order, with all links up or with a parallel one failed: each beside the failure that needs the earliest order, with the step that is enough for both. Sorted: due ones first, then by order_by, then by expected_delay_loss; another order by replaces that.';

create or replace macro analyst.capacity_watchlist_as_of(t) as table
    select *
    from planning.published_watchlist(t, 'infinity'::timestamptz, false);

create or replace macro analyst.capacity_watchlist_from_origin(t) as table
    select *
    from planning.published_watchlist('infinity'::timestamptz, t, true);

-- What the links of the watch list cost, by the quarter of the year in which they are to be ordered.
create or replace view analyst.capacity_budget as
    select
        stream,
        order_quarter,
        count(*) as links,
        count(*) filter (where due or coalesce(n1_due, false)) as due,
        count(*) filter (where order_step is null) as without_step,
        sum(order_cost) as cost,
        currency
    from analyst.capacity_watchlist
    group by stream, order_quarter, currency
    order by stream, order_quarter nulls last, currency;

comment on view analyst.capacity_budget is 'What the links of the watch list cost, by the quarter in which they are to be ordered.';
