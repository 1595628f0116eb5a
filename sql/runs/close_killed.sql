-- What is said of runs that were killed. One that ended by itself in the meantime keeps its own words.
update forecast.runs
set status = 'killed', finished_at = $now, message = $message
where status = 'running' and list_contains($run_ids, run_id)
