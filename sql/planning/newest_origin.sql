-- Newest origin up to $origin from which something of these kinds was published for a stream, hindsight left out.
select max(origin)
from forecast.valid_publications
where
    stream = $stream
    and origin <= $origin
    and list_contains($kinds, kind)
    and hindsight is not true
