-- Series of an origin's forecast.
select distinct series_id as series
from analyst.forecast_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin and horizon_step <= 1000
order by series
