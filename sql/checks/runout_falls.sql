-- Probabilities of having run out that cannot be, or fall from a date to a later one, or belong to no row of capacity.
with
-- include templates/current_runs.sql
beside as (
    select
        run_id,
        origin,
        series_id,
        failure,
        date,
        probability,
        lag(probability) over (partition by run_id, series_id, failure order by date) as before
    from planning.runout
    where stream = $stream and origin >= $since and run_id in (from current_runs)
),

planned as (
    select distinct run_id, series_id, failure
    from planning.capacity
    where stream = $stream and origin >= $since
)

select
    count(*) as failed,
    min(
        beside.run_id
        || ': ' || beside.series_id || ', failure ' || beside.failure || ' by ' || beside.date::varchar
    ) as first,
    list_sort(list(distinct beside.origin)) as origins
from beside
left join planned
    on beside.run_id = planned.run_id
    and beside.series_id = planned.series_id
    and beside.failure = planned.failure
where
    planned.run_id is null
    or not (beside.probability between 0 and 1.000001)
    or beside.probability < beside.before - 1e-9
