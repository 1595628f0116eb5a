-- The aggregates of a run that the lake holds now.
select level, group_key, stat, period, ts, mean, q05, q10, q25, q50, q75, q90, q95
from forecast.aggregates
where run_id = $run_id and stream = $stream and origin = $origin
