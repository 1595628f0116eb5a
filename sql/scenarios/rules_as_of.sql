-- Rules that a scenario changes, as known at an instant.
select
    stream,
    rule,
    arg_max_null(value, known_at) as value,
    arg_max(author, known_at) as author
from planning.scenario_rules
where scenario = $scenario and known_at <= $known_by
group by stream, rule
having arg_max_null(value, known_at) is not null
order by stream, rule
