-- Alarms of some streams, or of all, that are open, or every one; what needs a person first.
select
    alarm_id,
    stream,
    about,
    kind,
    place,
    state,
    since,
    origin,
    value,
    usual,
    lower_limit,
    upper_limit,
    detail,
    needs_person,
    acknowledged_by,
    muted_by,
    muted_until,
    sent_at
from analyst.alarms
where (len($streams) = 0 or list_contains($streams, stream)) and ($every or state <> 'over')
order by needs_person desc, since desc, stream, alarm_id
