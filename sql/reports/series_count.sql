-- How many series an origin's forecast has.
select count(distinct series_id) as series
from analyst.forecast_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin and horizon_step <= 1000
