-- Surges of the current forecasts, newest first.
select stream, series_id, starts_at, ends_at, days, factor, ongoing, verdict, origin
from analyst.surges_latest
where $stream is null or stream = $stream
order by starts_at desc, stream, series_id
