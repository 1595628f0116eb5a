-- Sums and peaks of a run.
select level, group_key, stat, period, ts, mean, q05, q10, q25, q50, q75, q90, q95
from forecast.aggregates
where stream = $stream and origin = $origin and run_id = $run_id
order by all
