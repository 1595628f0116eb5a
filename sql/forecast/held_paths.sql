-- How many rows of paths of a run the lake holds now, and whether all their values are numbers.
select count(*) as rows, coalesce(bool_and(len(list_filter(y, lambda value: not isfinite(value))) = 0), true) as sound
from forecast.paths
where run_id = $run_id and stream = $stream and origin = $origin
