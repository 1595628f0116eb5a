-- Rosters that count now of a stream: of each pool and day the newest import.
select pool_id, day, starts_at, ends_at, people
from planning.rosters_by('infinity'::timestamptz)
where stream = $stream
order by pool_id, starts_at, ends_at
