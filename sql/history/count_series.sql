-- How many series of a stream are on record.
select count(distinct series_id) as series
from history.series
where stream = $stream
