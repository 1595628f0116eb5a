-- Rows of the newest publication of a stream.
select series_id, ts, q10, q50, q90
from analyst.forecast_latest
where stream = $stream
order by series_id, ts
