-- Publications whose rows are not there, or are more or fewer than they claim.
with written as (
    select run_id, origin from forecast.forecasts where stream = $stream and origin >= $since
    union all
    select run_id, origin from forecast.aggregates where stream = $stream and origin >= $since
    union all
    select run_id, origin from forecast.paths where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.staffing where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.staffing_periods where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.groups where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.rosters where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.shifts where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.capacity where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.runout where stream = $stream and origin >= $since
    union all
    select run_id, origin from planning.findings where stream = $stream and origin >= $since
),

held as (
    select run_id, origin, count(*) as rows
    from written
    group by run_id, origin
)

select
    count(*) as failed,
    min(
        publications.run_id
        || ' claims ' || publications.rows::varchar
        || ', has ' || coalesce(held.rows, 0)::varchar
    ) as first
from forecast.publications as publications
left join held on publications.run_id = held.run_id and publications.origin = held.origin
where
    publications.stream = $stream
    and publications.origin >= $since
    and publications.rows <> coalesce(held.rows, 0)
