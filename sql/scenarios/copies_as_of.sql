-- Series that a scenario adds, as known at an instant; one of 0 percent is there no more.
select
    stream,
    copy,
    arg_max(series_id, known_at) as series_id,
    arg_max(percent, known_at) as percent,
    arg_max(starts_at, known_at) as starts_at,
    arg_max(ramp_days, known_at) as ramp_days,
    arg_max(author, known_at) as author
from planning.scenario_copies
where scenario = $scenario and known_at <= $known_by
group by stream, copy
having arg_max(percent, known_at) > 0
order by stream, copy
