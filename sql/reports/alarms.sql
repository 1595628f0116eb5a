-- Alarms that are open at the origins of a report, or ended at them: what was found against what is usual.
with asked as (
    select unnest($streams) as stream, unnest($origins) as origin, unnest($zones) as zone
)

select
    alarms.stream,
    alarms.alarm_id,
    alarms.detail,
    alarms.since at time zone asked.zone as since,
    if(alarms.since = asked.origin, 'new', alarms.state) as state,
    case
        when alarms.state = 'over' then 'nobody: over'
        when alarms.acknowledged_by is not null and not alarms.needs_person then alarms.acknowledged_by
        when alarms.muted_by is not null then 'muted by ' || alarms.muted_by
        else 'nobody yet'
    end as looked_after,
    alarms.needs_person
from asked
inner join analyst.alarms as alarms on asked.stream = alarms.stream
where alarms.since <= asked.origin and (alarms.state <> 'over' or alarms.origin = asked.origin)
order by alarms.needs_person desc, alarms.excess desc, alarms.stream, alarms.alarm_id
