insert into planning.capacity_orders
values (
    $order_id,
    $known_at,
    $stream,
    $series_id,
    $step,
    $step_capacity,
    $ordered_on::date,
    $in_service_on::date,
    $author,
    $cancelled_at
)
