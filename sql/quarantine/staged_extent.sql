-- First of the staged rows, and whether they say when each became known.
select min(ts) as since, coalesce(bool_or(available_at is not null), false) as clocked
from stamped
