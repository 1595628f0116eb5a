-- The newest run whose blocks can be shared, or could until it ended.
select runs.run_id, runs.status, runs.finished_at
from forecast.runs as runs
semi join forecast.combinations as combinations
    on runs.run_id = combinations.run_id and runs.stream = combinations.stream and runs.origin = combinations.origin
where runs.stream = $stream and runs.origin = $origin
order by runs.started_at desc
limit 1
