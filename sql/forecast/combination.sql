-- What a run that works in blocks has learned from a sample of the series.
select model_id, series, sampled, combination
from forecast.combinations
where run_id = $run_id and stream = $stream and origin = $origin
