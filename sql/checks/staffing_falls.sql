-- Intervals in which a run plans fewer agents for a higher level of confidence.
with
-- include templates/current_runs.sql
levels as (
    select
        run_id,
        origin,
        pool_id,
        ts,
        confidence,
        agents,
        lag(agents) over (partition by run_id, pool_id, ts order by confidence) as agents_below
    from planning.staffing
    where stream = $stream and origin >= $since and run_id in (from current_runs)
)

select
    count(*) as failed,
    min(run_id || ': ' || pool_id || ' at ' || ts::varchar || ', confidence ' || confidence::varchar) as first,
    list_sort(list(distinct origin)) as origins
from levels
where agents < agents_below
