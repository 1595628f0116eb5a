-- How many agent-hours does each day need?
select pool_id, ts_local::date as day, day_name, agent_hours, rostered_hours
from analyst.staffing_periods_latest
where stream = 'people'
    and period = 'day'
    and confidence = (select max(confidence) from analyst.staffing_periods_latest where stream = 'people')
order by pool_id, day
