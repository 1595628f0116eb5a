-- Series of a stream that reported between two instants, by what was known at the later one.
select distinct series_id
from analyst.versions_as_of($until)
where stream = $stream and ts >= $since
order by series_id
