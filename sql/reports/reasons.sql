-- What the forecast of a day is made of, step by step: the newest day like it first, then the published mean, last what
-- planners' adjustments make of it.
with parts as (
    select explained.series_id, explained.day, explained.part, explained.place, explained.value
    from forecast.explanations as explained
    inner join forecast.current_publications(false, 'infinity'::timestamptz, 'infinity'::timestamptz, false) as publications
        using (stream, origin, run_id)
    where explained.stream = $stream and explained.origin = $origin and explained.subject = 'mean'
),

adjusted as (
    select
        series_id,
        (ts at time zone $zone)::date as day,
        'adjustments of planners' as part,
        1000 as place,
        sum(mean - statistical_mean) / if($averages, count(*), 1) as value
    from analyst.forecast_final_as_of('infinity'::timestamptz)
    where stream = $stream and origin = $origin and series_id in (select series_id from parts)
    group by all
    having bool_or(factor <> 1)
),

everything as (
    select * from parts
    union all
    select * from adjusted where (series_id, day) in (select (series_id, day) from parts)
)

select
    series_id as series,
    day,
    part,
    value as adds,
    sum(value) over (partition by series_id, day order by place) as so_far
from everything
order by series, day, place
