-- What is expected of each region? Means add; quantiles of groups stand in analyst.aggregates_latest.
select series.attributes['region'] as region, forecasts.ts_local::date as day, round(sum(forecasts.mean)) as expected
from analyst.forecast_latest as forecasts
inner join analyst.series as series on forecasts.stream = series.stream and forecasts.series_id = series.series_id
where forecasts.stream = 'people'
group by all
order by region, day
