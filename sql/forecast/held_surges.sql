-- The surges of a run that the lake holds now.
select series_id, starts_at, ends_at, days, factor, ongoing
from forecast.surges
where run_id = $run_id and stream = $stream and origin = $origin
