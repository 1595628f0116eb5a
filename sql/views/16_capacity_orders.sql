create or replace view analyst.capacity_orders as
    select
        order_id,
        min(known_at) as known_at,
        any_value(stream) as stream,
        any_value(series_id) as series_id,
        any_value(step) as step,
        any_value(step_capacity) as step_capacity,
        any_value(ordered_on) as ordered_on,
        any_value(in_service_on) as in_service_on,
        any_value(author) as author,
        arg_max_null(cancelled_at, planning.capacity_orders.known_at) as cancelled_at
    from planning.capacity_orders
    group by order_id;

comment on view analyst.capacity_orders is 'Capacity that is ordered already, one row an order, as it stands.';
