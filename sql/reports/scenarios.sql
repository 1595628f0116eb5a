-- What scenarios of these origins differ by from the plan, all together.
with asked as (
    select unnest($streams) as stream, unnest($origins) as origin
)

select
    deltas.stream,
    deltas.scenario,
    replace(deltas.measure, '_', ' ') as measure,
    sum(deltas.base) as base,
    sum(deltas.scenario_value) as scenario_value,
    sum(deltas.delta) as delta,
    if(deltas.period = 'horizon', any_value(deltas.delta_q10), null) as delta_q10,
    if(deltas.period = 'horizon', any_value(deltas.delta_q90), null) as delta_q90,
    any_value(scenarios.reason) as reason
from asked
inner join analyst.scenario_delta as deltas on asked.stream = deltas.stream and asked.origin = deltas.origin
inner join analyst.scenarios as scenarios on deltas.scenario = scenarios.scenario
where
    deltas.place = 'all'
    and not scenarios.closed
    and deltas.measure <> 'service_level'
    and (deltas.period = 'horizon' or (deltas.period = 'week' and deltas.measure = 'paid_hours'))
group by deltas.stream, deltas.scenario, deltas.measure, deltas.period
order by deltas.stream, deltas.scenario, deltas.measure
limit $most
