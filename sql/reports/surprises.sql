-- What was measured between the two origins beside what the earlier one expected: the new demand that changed the forecast.
with forecasts as (
    select series_id, ts, mean, q10, q90
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $previous and ts < $origin
),

history as (
    select series_id, ts, y
    from analyst.history_as_of($origin)
    where stream = $stream and ts >= $previous and ts < $origin and y is not null
),

totals as (
    select
        forecasts.series_id as series,
        sum(history.y) / if($averages, count(*), 1) as measured,
        sum(forecasts.mean) / if($averages, count(*), 1) as expected,
        avg((history.y between forecasts.q10 and forecasts.q90)::integer) as inside_80,
        count(*) as intervals
    from forecasts
    inner join history on forecasts.series_id = history.series_id and forecasts.ts = history.ts
    group by forecasts.series_id
)

select
    series,
    measured,
    expected,
    measured - expected as difference,
    (measured - expected) / nullif(expected, 0) as difference_share,
    inside_80,
    intervals
from totals
order by round(abs(difference), 6) desc, series
limit $most
