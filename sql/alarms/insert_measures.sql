insert into evaluation.measures by name
select $stream as stream, $measured_at as measured_at, *
from measured_rows
order by origin, kind, place
