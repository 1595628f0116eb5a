-- Means of a series in one publication with the adjustments that stand.
select ts, mean, factor, adjustment_ids
from analyst.forecast_final_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin and series_id = $series and run_id = $run_id
order by ts
