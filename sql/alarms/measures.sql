-- What was measured at origins from one instant to another: the newest of each.
select origin, kind, place, arg_max(value, measured_at) as value
from evaluation.measures
where stream = $stream and origin >= $since and origin <= $until
group by origin, kind, place
order by origin, kind, place
