-- Intervals in which a run plans fewer agents for a higher level of confidence.
with levels as (
    select
        run_id,
        pool_id,
        ts,
        confidence,
        agents,
        lag(agents) over (partition by run_id, pool_id, ts order by confidence) as agents_below
    from planning.staffing
    where stream = $stream and origin >= $since
)

select count(*) as failed, min(run_id || ': ' || pool_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar) as first
from levels
where agents < agents_below
