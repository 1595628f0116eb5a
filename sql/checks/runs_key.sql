-- Executions that are on record more than once.
with twice as (
    select run_id
    from forecast.runs
    group by run_id
    having count(*) > 1
)

select count(*) as failed, min(run_id) as first
from twice
