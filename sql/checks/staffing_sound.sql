-- Rows of a plan with numbers that cannot be, or of intervals before the origin.
with
-- include templates/current_runs.sql
checked as (
    select * from planning.staffing where stream = $stream and origin >= $since and run_id in (from current_runs)
)

select
    count(*) as failed,
    min(run_id || ': ' || pool_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar) as first,
    list_sort(list(distinct origin)) as origins
from checked
where
    not (
        ts >= origin
        and confidence > 0
        and confidence < 1
        and agents >= 0
        and rostered >= agents
        and met between 0 and 1.000001
        and service_level between 0 and 1.000001
        and occupancy between 0 and 1.000001
        and abandonment between 0 and 1.000001
        and isfinite(calls)
        and isfinite(handle)
        and isfinite(load)
        and isfinite(load_at_confidence)
        and isfinite(asa)
    )
