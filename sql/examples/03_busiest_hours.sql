-- When are the five busiest intervals of the coming days?
select series_id, ts_local, day_name, round(q50) as calls, round(q90) as high
from analyst.forecast_latest
where stream = 'people'
order by q50 desc, series_id, ts
limit 5
