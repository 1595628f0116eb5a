-- The newest version of every event, the latest first.
select event_id, kind, name, scope::json::varchar as scope, starts_at, ends_at, known_at, withdrawn
from history.events
qualify row_number() over (partition by event_id order by known_at desc) = 1
order by starts_at desc, event_id
