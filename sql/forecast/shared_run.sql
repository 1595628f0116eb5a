-- The newest run under way whose blocks can be shared.
select runs.run_id
from forecast.runs as runs
semi join forecast.combinations as combinations
    on runs.run_id = combinations.run_id and runs.stream = combinations.stream and runs.origin = combinations.origin
where runs.status = 'running' and runs.stream = $stream and runs.origin = $origin
order by runs.started_at desc
limit 1
