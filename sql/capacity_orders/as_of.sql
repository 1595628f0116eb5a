-- Orders as known at an instant, in the order in which they are in service.
select *
from planning.capacity_orders
where known_at <= $known_by and ($stream is null or stream = $stream)
qualify row_number() over (partition by order_id order by known_at desc) = 1
order by stream, series_id, in_service_on, step_capacity, order_id
