-- Call off every event just after an origin.
insert into history.events
select distinct on (event_id) event_id, $after as known_at, kind, name, scope, starts_at, ends_at, true, 'proof'
from history.events
