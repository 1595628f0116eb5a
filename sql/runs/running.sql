-- Runs that have not ended on record: where they are at work, and whether they began before an instant.
select run_id, process, started_at < $started_before as is_old
from forecast.runs
where status = 'running'
order by run_id
