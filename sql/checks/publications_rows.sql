-- Current publications, plans or forecasts, whose rows are not there, or are more or fewer than they claim.
with
-- include templates/current_runs.sql
held as (
    select run_id, origin, count(*) as rows
    from query_table($tables, true)
    where stream = $stream and origin >= $since
    group by run_id, origin
)

select
    count(*) as failed,
    min(
        publications.run_id
        || ' claims ' || publications.rows::varchar
        || ', has ' || coalesce(held.rows, 0)::varchar
    ) as first,
    list_sort(list(distinct publications.origin) filter (publications.kind not in ('plan', 'scenario'))) as origins,
    list_sort(list(distinct publications.origin) filter (publications.kind in ('plan', 'scenario'))) as plans
from forecast.publications as publications
semi join current_runs on publications.run_id = current_runs.run_id
left join held on publications.run_id = held.run_id and publications.origin = held.origin
where
    publications.stream = $stream
    and publications.origin >= $since
    and publications.rows <> coalesce(held.rows, 0)
