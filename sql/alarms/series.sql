-- Series that a stream has ever had.
select distinct series_id
from history.series
where stream = $stream
order by series_id
