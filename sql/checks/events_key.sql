-- Versions of events that are on record more than once.
with twice as (
    select event_id, known_at
    from history.events
    group by event_id, known_at
    having count(*) > 1
)

select count(*) as failed, min(event_id || ' known at ' || known_at::varchar) as first
from twice
