-- Executions that have said `running` since before an instant: they were killed.
select count(*) as failed, min(run_id) as first
from forecast.runs
where status = 'running' and started_at < $before
