-- Which days changed most since the forecast before? Every origin as it is published now.
with sums as (
    select series_id, ts_local::date as day, origin, sum(mean) as expected
    from analyst.forecast_as_of('infinity'::timestamptz)
    where stream = 'people'
    group by all
),

days as (
    select *, dense_rank() over (order by origin desc) as place
    from sums
)

select
    now_.series_id,
    now_.day,
    round(before.expected) as before,
    round(now_.expected) as now,
    round(now_.expected - before.expected) as change
from days as now_
inner join days as before on now_.series_id = before.series_id and now_.day = before.day
where now_.place = 1 and before.place = 2
order by abs(now_.expected - before.expected) desc, now_.series_id, now_.day
limit 10
