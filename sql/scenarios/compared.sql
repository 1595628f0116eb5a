-- Where a scenario differs from the plan over the horizon, and in paid hours week by week.
select
    place,
    measure,
    if(period = 'week', strftime(ts_local, '%Y-%m-%d'), 'all days') as days,
    base,
    scenario_value,
    delta,
    delta_q10,
    delta_q90,
    origin
from analyst.scenario_delta
where
    stream = $stream
    and scenario = $scenario
    and (period = 'horizon' or (period = 'week' and measure = 'paid_hours'))
    and (place = 'all' or delta <> 0)
order by place <> 'all', place, measure, ts
