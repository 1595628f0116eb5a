-- Runs with aggregates or paths that have no forecast rows.
with
-- include templates/current_runs.sql
made as (
    select run_id, origin from forecast.aggregates where stream = $stream and origin >= $since
    union
    select run_id, origin from forecast.paths where stream = $stream and origin >= $since
),

forecast as (
    select distinct run_id, origin
    from forecast.forecasts
    where stream = $stream and origin >= $since
)

select count(*) as failed, min(made.run_id) as first, list_sort(list(distinct made.origin)) as origins
from made
semi join current_runs on made.run_id = current_runs.run_id
anti join forecast on made.run_id = forecast.run_id and made.origin = forecast.origin
