-- The first interval of a stream of which demand was known at an origin.
select min(ts) as first_ts
from analyst.versions_as_of($origin)
where stream = $stream and ts >= $since and y is not null
