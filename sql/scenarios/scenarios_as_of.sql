-- Scenarios as known at an instant, in the order in which they were made.
select
    scenario,
    min(known_at) as known_at,
    arg_max(reason, known_at) as reason,
    arg_max(author, known_at) as author,
    arg_max(closed, known_at) as closed
from planning.scenarios
where known_at <= $known_by
group by scenario
order by min(known_at), scenario
