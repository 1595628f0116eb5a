-- Events as known at the origin.
select event_id, kind, name, scope::json::varchar as scope, starts_at, ends_at
from history.events
where known_at <= $origin
qualify row_number() over (partition by event_id order by known_at desc) = 1 and not withdrawn
