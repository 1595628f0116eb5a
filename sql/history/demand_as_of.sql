-- Demand of a stream as known at the origin, back to `since`.
select series_id, ts, y
from analyst.history_as_of($origin)
where stream = $stream and ts >= $since
