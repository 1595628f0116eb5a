-- Days of the horizon of all series together and of the groups of one level, from joint paths.
select
    group_key as group_name,
    (ts at time zone $zone)::date as day,
    q05,
    q10,
    q50 as median,
    q90,
    q95
from analyst.aggregates_as_of('infinity'::timestamptz)
where stream = $stream
    and origin = $origin
    and level in ('all', $level)
    and period = 'day'
    and stat = $stat
    and ts < $until
order by if(level = 'all', 0, 1), group_name, day
