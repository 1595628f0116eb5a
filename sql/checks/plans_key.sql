-- Rows of a plan that a run wrote more than once.
with keys as (
    select run_id, pool_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar as key
    from planning.staffing
    where stream = $stream and origin >= $since
    union all
    select run_id, pool_id || ' in the ' || period || ' of ' || ts::varchar || ', confidence ' || confidence::varchar as key
    from planning.staffing_periods
    where stream = $stream and origin >= $since
    union all
    select run_id, 'group ' || group_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar as key
    from planning.groups
    where stream = $stream and origin >= $since
    union all
    select run_id, 'roster of ' || pool_id || ' for ' || week::varchar as key
    from planning.rosters
    where stream = $stream and origin >= $since
    union all
    select
        run_id,
        pool_id || ' in the week of ' || week::varchar || ', person ' || person::varchar || ' at ' || ts::varchar as key
    from planning.shifts
    where stream = $stream and origin >= $since
    union all
    select run_id, series_id || ', failure ' || failure as key
    from planning.capacity
    where stream = $stream and origin >= $since
    union all
    select run_id, series_id || ', failure ' || failure || ' by ' || date::varchar as key
    from planning.runout
    where stream = $stream and origin >= $since
    union all
    select run_id, series_id || ': finding ' || finding as key
    from planning.findings
    where stream = $stream and origin >= $since
),

twice as (
    select run_id, key
    from keys
    group by run_id, key
    having count(*) > 1
)

select count(*) as failed, min(run_id || ': ' || key) as first
from twice
