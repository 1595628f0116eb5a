-- The days whose forecast changed most since the origin before, and what each step from its inputs to today's adds; last
-- what planners' adjustments add to that, as they stand on both.
with steps as (
    select parts.series_id, parts.day, parts.part, parts.value
    from forecast.explanations as parts
    inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
        using (stream, origin, run_id)
    where parts.stream = $stream and parts.origin = $origin and parts.subject = 'change'
),

adjusted as (
    select
        series_id,
        (ts at time zone $zone)::date as day,
        (sum(mean - statistical_mean) filter (where origin = $origin)) / if($averages, count(*) filter (where origin = $origin), 1) as now_,
        (sum(mean - statistical_mean) filter (where origin = $previous)) / if($averages, count(*) filter (where origin = $previous), 1) as before
    from analyst.forecast_final_as_of('infinity'::timestamptz)
    where stream = $stream
        and origin in ($origin, $previous)
        and ts >= $origin
        and series_id in (select series_id from steps)
    group by all
),

everything as (
    select * from steps
    union all
    select series_id, day, 'adjustments' as part, coalesce(now_, 0) - coalesce(before, 0) as value
    from adjusted
    where (series_id, day) in (select (series_id, day) from steps)
)

select
    series_id as series,
    day,
    sum(value) as change,
    sum(value) filter (where part = 'new demand') as new_demand,
    sum(value) filter (where part = 'revised demand') as revised_demand,
    sum(value) filter (where part = 'events') as events,
    sum(value) filter (where part = 'model') as model,
    sum(value) filter (where part = 'weights') as weights,
    sum(value) filter (where part = 'agreement of sums') as sums,
    sum(value) filter (where part = 'adjustments') as adjustments,
    sum(value) filter (where part = 'rest') as rest
from everything
group by series_id, day
order by round(abs(change), 6) desc, series, day
limit $most
