insert into forecast.alarms by name
select $stream as stream, $origin as origin, $known_at as known_at, *
from alarm_rows
order by alarm_id
