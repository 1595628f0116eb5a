-- Days of the plan by pool: calls with their range, agents' hours, people's hours.
select
    pool_id as pool,
    (ts at time zone $zone)::date as day,
    calls_q10 as q10,
    calls_q50 as median,
    calls_q90 as q90,
    agent_hours,
    rostered_hours,
    service_level,
    met as chance
from analyst.staffing_periods_as_of('infinity'::timestamptz)
where stream = $stream and origin = $origin and period = 'day' and confidence = $confidence
order by pool, day
