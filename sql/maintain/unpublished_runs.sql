-- Runs that left rows but no publication, without those that may still be at work.
with rows_of as (
    select run_id, count(*) as rows
    from query_table($tables, true)
    group by run_id
)

select rows_of.run_id, rows_of.rows
from rows_of
anti join forecast.publications as published on rows_of.run_id = published.run_id
left join forecast.runs as runs on rows_of.run_id = runs.run_id
where coalesce(runs.status != 'running' or list_contains($killed, runs.run_id), true)
order by rows_of.run_id
