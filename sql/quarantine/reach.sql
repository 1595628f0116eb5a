-- How many rows wait, and how far back they go.
select count(*) as waiting, min(ts) as since
from history.quarantine
where stream = $stream and resolved_at is null
