create table planning.capacity_orders (
    order_id varchar not null,
    known_at timestamptz not null,
    stream varchar not null,
    series_id varchar not null,
    step varchar not null,
    step_capacity double not null,
    ordered_on date not null,
    in_service_on date not null,
    author varchar not null,
    cancelled_at timestamptz
);

comment on table planning.capacity_orders is 'Capacity that is ordered already, append-only: a row an order, and one more where it was cancelled. Key: order_id, known_at; current is the greatest known_at. Read analyst.capacity_orders instead.';
comment on column planning.capacity_orders.order_id is 'Key of the order.';
comment on column planning.capacity_orders.known_at is 'When this version became known.';
comment on column planning.capacity_orders.stream is 'Stream of the link.';
comment on column planning.capacity_orders.series_id is 'Link, or group of trunks.';
comment on column planning.capacity_orders.step is 'Step of the catalogue that was ordered.';
comment on column planning.capacity_orders.step_capacity is 'Capacity with it, in the unit of the capacity attribute.';
comment on column planning.capacity_orders.ordered_on is 'Local day of the order.';
comment on column planning.capacity_orders.in_service_on is 'Local day from which it is expected in service.';
comment on column planning.capacity_orders.author is 'Who put it on record.';
comment on column planning.capacity_orders.cancelled_at is 'When it was cancelled; NULL while it holds.';
comment on column planning.findings.finding is 'What was found: no_capacity, no_forecast, capacity_changed, peak_above_capacity, stopped_reporting, counter_wraps, no_sufficient_step, ordered, alone, orphan or two_parents; in a plan of staffing uncovered, shift_left_out, week_before or short_after_sunday.';
