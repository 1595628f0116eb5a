-- Rows of history that the window did not ask for, how many series have some, and how many series there are.
select
    count(*) filter (ts >= $earliest and ts < $since) as rows,
    count(distinct series_id) filter (ts >= $earliest and ts < $since) as affected,
    count(distinct series_id) as series
from stamped
