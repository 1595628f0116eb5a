-- What is expected today, hour by hour? Medians and the range that holds eight cases in ten.
select series_id, ts_local, q50, q10, q90, unit
from analyst.forecast_latest
where stream = 'people' and ts_local::date = (select origin_local::date from analyst.streams where stream = 'people')
order by series_id, ts_local
