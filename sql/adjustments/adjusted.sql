-- The current factors of adjustments on a published forecast.
select series_id, ts, arg_max(factor, known_at) as factor, arg_max(adjustment_ids, known_at) as adjustment_ids
from planning.adjusted
where stream = $stream and origin = $origin and forecast_run_id = $run_id
group by series_id, ts
