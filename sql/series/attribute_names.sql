-- Streams that have series, each with the names of their attributes, sorted.
select stream, list_sort(list_distinct(flatten(list(map_keys(attributes))))) as names
from history.series
where $stream is null or stream = $stream
group by stream
order by stream
