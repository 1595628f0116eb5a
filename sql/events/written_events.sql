-- Events that a run wrote a version of.
select distinct event_id
from history.events
where run_id = $run_id
