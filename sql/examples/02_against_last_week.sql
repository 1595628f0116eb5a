-- How does each coming day compare with the same day a week before? Local days are compared, so that a day of 23 or 25 hours
-- stands beside the day of the same name.
with ahead as (
    select series_id, ts_local::date as day, sum(mean) as expected
    from analyst.forecast_latest
    where stream = 'people'
    group by all
),

measured as (
    select series_id, ts_local::date as day, sum(y) as y
    from analyst.demand_latest
    where stream = 'people'
    group by all
)

select
    ahead.series_id,
    ahead.day,
    dayname(ahead.day) as day_name,
    round(ahead.expected) as expected,
    measured.y as a_week_before,
    round(100 * (ahead.expected / nullif(measured.y, 0) - 1), 1) as change_percent
from ahead
inner join measured on ahead.series_id = measured.series_id and ahead.day = measured.day + 7
order by ahead.series_id, ahead.day
