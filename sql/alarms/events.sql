-- Spans of the events that concern a stream, as known at an instant; what ends a single series for good is none of them.
select starts_at, ends_at, known_at
from history.events
where known_at <= $until and coalesce(scope['stream'], $stream) = $stream
qualify row_number() over (partition by event_id order by known_at desc) = 1
    and not withdrawn
    and scope['series_id'] is null
    and ends_at - starts_at <= interval 62 days
order by starts_at, event_id
