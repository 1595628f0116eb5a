-- Runs of a stream in the order of their starts, and how many forecast rows each has left.
with left_rows as (
    select run_id, count(*) as rows
    from forecast.forecasts
    where stream = $stream
    group by run_id
)

select runs.kind, runs.status, runs.started_at, runs.finished_at, coalesce(left_rows.rows, 0) as rows
from forecast.runs as runs
left join left_rows on runs.run_id = left_rows.run_id
where runs.stream = $stream
order by runs.started_at
