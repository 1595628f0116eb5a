-- Rows of history that the window did not ask for.
select count(*)
from stamped
where ts >= $earliest and ts < $since
