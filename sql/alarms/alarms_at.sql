-- Alarms on record of an origin, the newest of each.
with newest as (
    select max_by(alarms, known_at) as alarm
    from forecast.alarms as alarms
    where stream = $stream and origin = $origin
    group by alarm_id
)

select
    alarm.alarm_id,
    alarm.about,
    alarm.kind,
    alarm.place,
    alarm.since,
    alarm.state,
    alarm.value,
    alarm.usual,
    alarm.lower_limit,
    alarm.upper_limit,
    alarm.excess,
    alarm.detail
from newest
order by alarm.alarm_id
