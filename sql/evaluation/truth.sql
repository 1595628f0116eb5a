-- Demand of a stream between two instants as known by now, whenever it became known.
select series_id, ts, arg_max_null(y, available_at) as y
from history.demand
where stream = $stream and ts >= $since and ts < $until
group by series_id, ts
