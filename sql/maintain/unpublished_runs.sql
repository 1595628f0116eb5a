-- Runs that left rows but no publication, without those that may still be at work.
with rows_left as (
    select run_id, count(*) as rows from forecast.forecasts group by run_id
    union all
    select run_id, count(*) as rows from forecast.aggregates group by run_id
    union all
    select run_id, count(*) as rows from forecast.paths group by run_id
    union all
    select run_id, count(*) as rows from planning.staffing group by run_id
    union all
    select run_id, count(*) as rows from planning.staffing_periods group by run_id
    union all
    select run_id, count(*) as rows from planning.groups group by run_id
    union all
    select run_id, count(*) as rows from planning.rosters group by run_id
    union all
    select run_id, count(*) as rows from planning.shifts group by run_id
    union all
    select run_id, count(*) as rows from planning.capacity group by run_id
    union all
    select run_id, count(*) as rows from planning.runout group by run_id
    union all
    select run_id, count(*) as rows from planning.findings group by run_id
),

rows_of as (
    select run_id, sum(rows)::bigint as rows
    from rows_left
    group by run_id
)

select rows_of.run_id, rows_of.rows
from rows_of
anti join forecast.publications as published on rows_of.run_id = published.run_id
left join forecast.runs as runs on rows_of.run_id = runs.run_id
where coalesce(runs.status != 'running' or runs.started_at < $started_before, true)
order by rows_of.run_id
